#include "runtime/memory.h"

#include <gtest/gtest.h>
#include <tidemark/archiver.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "codec/load.h"

namespace tidemark::runtime {
namespace {

TEST(PlanMemory, NeverDealsOutMoreThanTheBudget) {
  for (const uint64_t budget : {1ULL << 20, 3ULL << 20, 64ULL << 20, 1ULL << 30, 1ULL << 44}) {
    for (const uint32_t workers : {1U, 2U, 4U, 7U, 32U, 256U}) {
      for (const uint32_t batch : {1U, 256U, 4096U}) {
        const MemoryPlan plan = plan_memory(budget, workers, batch, {});
        EXPECT_LE(plan.jobs * plan.job_bytes + plan.restores * plan.restore_bytes, budget)
            << budget << " " << workers;
        const uint64_t leases_bytes = (batch - 1) * sizeof(tidemark_entry);
        EXPECT_LE(leases_bytes + plan.source.buffer_bytes + plan.source.layout_bytes + plan.put_buffer_bytes,
                  plan.job_bytes);
        EXPECT_LE(plan.compare_entries * (sizeof(Lsn) + sizeof(Digest)), plan.put_buffer_bytes);
        EXPECT_GE(plan.compare_entries, 500U);
        EXPECT_GE(plan.jobs, 1U);
        EXPECT_LE(plan.jobs, workers);
        EXPECT_GE(plan.restores, 1U);
        EXPECT_GE(plan.source.buffer_bytes, 64U << 10U);
        EXPECT_GE(plan.put_buffer_bytes, 64U << 10U);
        EXPECT_GE(plan.restore_bytes, 64U << 10U);
      }
    }
  }
}

// A decoder of what is there already is of the budget too, where what a job encodes with is not enough.
TEST(PlanMemory, DecodersAreOfTheBudget) {
  constexpr uint64_t kMiB = 1 << 20;
  const uint64_t decode = codec::decoding_bytes({});
  EXPECT_GT(decode, 3 * kMiB);
  for (const uint64_t encode : {uint64_t{0}, uint64_t{256} << 10U}) {
    for (const uint64_t budget : {6 * kMiB, 8 * kMiB, 64 * kMiB, 1024 * kMiB}) {
      for (const uint32_t workers : {1U, 8U, 256U}) {
        const MemoryPlan plan = plan_memory(budget, workers, 1, {encode, decode});
        EXPECT_LE(plan.jobs * plan.job_bytes + plan.decoders * plan.decoder_bytes +
                      plan.restores * plan.restore_bytes,
                  budget)
            << budget << " " << workers;
        EXPECT_EQ(plan.decoder_bytes, decode);
        EXPECT_GE(plan.decoders, 1U);
        EXPECT_LE(plan.decoders, workers);
        EXPECT_GE(plan.jobs, 1U);
      }
    }
  }
  EXPECT_LT(plan_memory(6 * kMiB, 256, 1, {0, decode}).jobs, plan_memory(6 * kMiB, 256, 1, {}).jobs)
      << "a small budget means fewer jobs";
  EXPECT_EQ(plan_memory(64 * kMiB, 8, 1, {0, decode}).jobs, 8U);
  EXPECT_EQ(plan_memory(1 * kMiB, 8, 1, {0, decode}).jobs, 1U);
  const MemoryPlan covered = plan_memory(64 * kMiB, 8, 1, {decode, decode});
  EXPECT_EQ(covered.decoder_bytes, 0U);
  EXPECT_EQ(covered.decoders, 8U) << "nobody waits";
}

// With 8 workers 8 MiB had left each job that encodes parts of 64 KiB, and with 256 workers 64 MiB each job
// at all: an entry of 1 GiB was refused.
TEST(PlanMemory, RoomForLargeEntriesCostsJobs) {
  constexpr uint64_t kMiB = 1 << 20;
  struct Case {
    uint64_t budget_bytes, encode_bytes;
    uint32_t workers;
  };
  for (const Case& one : {Case{8 * kMiB, kMiB / 4, 8}, Case{8 * kMiB, 2 * kMiB, 8}, Case{64 * kMiB, 0, 256},
                          Case{8 * kMiB, 0, 32}, Case{kMiB, 0, 8}}) {
    const MemoryPlan plan =
        plan_memory(one.budget_bytes, one.workers, 1, {one.encode_bytes, one.encode_bytes});
    const uint64_t most_bytes = plan.source.layout_bytes / sizeof(uint32_t) * plan.source.buffer_bytes;
    EXPECT_GE(most_bytes, 15000 * kMiB) << one.budget_bytes << " " << one.workers;
    EXPECT_LT(plan.jobs, one.workers);
    EXPECT_LE(plan.jobs * plan.job_bytes + plan.restores * plan.restore_bytes, one.budget_bytes);
  }
}

// What outgrows its buffer is encoded twice: 16 MiB of a write-ahead log that come to a quarter had.
TEST(PlanMemory, WhatIsEncodedHasTheMostRoom) {
  constexpr uint64_t kMiB = 1 << 20;
  codec::Encoding encoding;
  encoding.coding = Coding::kZstd;
  encoding.level = 1;
  const uint64_t encode = codec::memory_bytes(encoding), decode = codec::decoding_bytes({});
  EXPECT_GE(plan_memory(64 * kMiB, 4, 1, {encode, decode}).coded_buffer_bytes, 4 * kMiB + (64 << 10));
  for (const uint64_t budget : {6 * kMiB, 8 * kMiB, 16 * kMiB, 64 * kMiB, 1024 * kMiB}) {
    for (const uint32_t workers : {1U, 4U, 32U}) {
      for (const uint32_t batch : {1U, 256U}) {
        const MemoryPlan plan = plan_memory(budget, workers, batch, {encode, decode});
        const uint64_t leases_bytes = (batch - 1) * sizeof(tidemark_entry);
        EXPECT_LE(encode + leases_bytes + plan.source.buffer_bytes + plan.source.layout_bytes +
                      plan.put_buffer_bytes + plan.coded_buffer_bytes,
                  plan.job_bytes)
            << budget << " " << workers << " " << batch;
        EXPECT_LE(plan.jobs * plan.job_bytes + plan.restores * plan.restore_bytes, budget);
      }
    }
  }
}

// A batch of 256 entries of 4 KiB was cut in two: each archive that is encrypted costs a key exchange.
TEST(PlanMemory, ABatchOfSmallEntriesIsHeldWhole) {
  codec::Encoding encoding;
  encoding.coding = Coding::kAge;
  const uint64_t encode = codec::memory_bytes(encoding), decode = codec::decoding_bytes({});
  constexpr uint64_t kBatchBytes = 256 * (4096 + 2 * 512);
  const MemoryPlan plan = plan_memory(64ULL << 20, 8, 256, {encode, decode});
  EXPECT_GE(std::min(plan.source.buffer_bytes, plan.coded_buffer_bytes), kBatchBytes * 32 / 31);
}

TEST(PlanMemory, ByDefaultNobodyWaits) {
  EXPECT_EQ(plan_memory(64ULL << 20, 4, 1, {}).jobs, 4U);
  EXPECT_EQ(plan_memory(64ULL << 20, 32, 4096, {}).jobs, 32U);
  EXPECT_EQ(plan_memory(64ULL << 20, 60, 1, {}).jobs, 60U);
  EXPECT_EQ(plan_memory(256ULL << 20, 256, 1, {}).jobs, 256U);
  EXPECT_EQ(plan_memory(64ULL << 20, 256, 1, {}).jobs, 64U);
  EXPECT_EQ(plan_memory(1ULL << 20, 256, 1, {}).jobs, 1U);
}

TEST(Slots, NoMoreAreTakenThanThereAre) {
  Slots slots(3);
  std::atomic<int> in_use = 0, waited = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const Slots::Lease lease = slots.take();
        if (lease.waited()) ++waited;
        EXPECT_LE(++in_use, 3);
        std::this_thread::yield();
        --in_use;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(slots.usage().in_use, 0U);
  EXPECT_EQ(slots.usage().waiting, 0U);
  EXPECT_GT(waited, 0);
}

TEST(Slots, WhoHasADeadlineStopsWaiting) {
  Slots slots(1);
  const tidemark_call call = {sizeof call, 30, nullptr, nullptr};
  {
    const Slots::Lease all = slots.take();
    EXPECT_EQ(slots.usage().in_use, 1U);
    const auto late = slots.take(Call(&call));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().status, TIDEMARK_E_RETRYABLE);
    const tidemark_call cancelled = {sizeof call, 0, nullptr, [](void*) -> int32_t { return 1; }};
    const auto stopped = slots.take(Call(&cancelled));
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().status, TIDEMARK_E_CANCELLED);
    EXPECT_EQ(slots.usage().waiting, 0U);
  }
  const auto now = slots.take(Call(&call));
  ASSERT_TRUE(now);
  EXPECT_FALSE(now->waited());
}

TEST(SourcePool, WaitsForASourceAndUsesItAgain) {
  MemoryPlan plan = plan_memory(1 << 20, 1, 1, {});
  const codec::Codec plain;
  SourcePool pool(plan, plain.encoding, plain.keys.tag_keys);
  const tar::EntrySource* first = nullptr;
  std::thread other;
  std::atomic<bool> got = false;
  {
    const SourcePool::Lease lease = pool.take();
    first = &lease.source();
    other = std::thread([&] {
      const SourcePool::Lease second = pool.take();
      EXPECT_EQ(&second.source(), first);
      EXPECT_TRUE(second.waited());
      got = true;
    });
    while (pool.usage().waiting == 0) std::this_thread::yield();
    EXPECT_FALSE(got);
  }
  other.join();
  EXPECT_TRUE(got);
}

TEST(SpareSources, OneThatWasUsedIsUsedAgain) {
  SpareSources spare;
  const tar::EntrySource *first = nullptr, *second = nullptr;
  {
    const SpareSources::Lease one = spare.take(), other = spare.take();
    first = &one.source();
    second = &other.source();
    EXPECT_NE(first, second) << "nobody waits";
  }
  const SpareSources::Lease again = spare.take(), another = spare.take();
  EXPECT_EQ(&again.source(), first);
  EXPECT_EQ(&another.source(), second);
}

TEST(SpareSources, AFewAreKept) {
  SpareSources spare;
  std::set<const tar::EntrySource*> used;
  {
    std::deque<SpareSources::Lease> all;
    for (size_t i = 0; i < SpareSources::kKeptMax + 5; ++i)
      used.insert(
          &all.emplace_back(spare, std::make_unique<tar::EntrySource>(SpareSources::kLimits)).source());
  }
  std::deque<std::unique_ptr<SpareSources::Lease>> kept;
  EXPECT_EQ(used.size(), SpareSources::kKeptMax + 5);
  size_t known = 0;
  for (size_t i = 0; i < SpareSources::kKeptMax; ++i) {
    kept.push_back(std::unique_ptr<SpareSources::Lease>(new SpareSources::Lease(spare.take())));
    known += used.count(&kept.back()->source());
  }
  EXPECT_EQ(known, SpareSources::kKeptMax);
}

}  // namespace
}  // namespace tidemark::runtime
