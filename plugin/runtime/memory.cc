#include "runtime/memory.h"

#include <algorithm>
#include <cassert>
#include <chrono>

namespace tidemark::runtime {
namespace {

constexpr uint64_t kPart = 64 << 10;  // the least that a buffer can do with
// Where the budget has it for one job: fewer run at once then. A part holds the checksums of an entry's
// pieces, each as large as another part: 64 KiB are too little for 1 GiB, these do for 16.
constexpr uint64_t kRoomyPart = 256 << 10;
constexpr uint64_t kParts = 3;  // the source's buffer, its names, the sink's buffers
constexpr uint64_t kBufferMax = 4 << 20;
constexpr uint64_t kCodedBufferMax = 8 << 20;
constexpr uint64_t kPutBufferMax = 8 << 20;
constexpr uint64_t kRestoreMax = 4 << 20;
constexpr uint32_t kRestoresAtOnce = 4;
constexpr uint64_t kDecodersPart = 16;  // of the jobs' memory is for decoders
constexpr uint64_t kLeaseBytes = 64;    // of a further entry on loan from the host
constexpr uint64_t kDigestBytes = 96;   // of an entry that is compared
constexpr uint64_t kCompareMax = 4096;
constexpr auto kPoll = std::chrono::milliseconds(100);

}  // namespace

MemoryPlan plan_memory(uint64_t budget_bytes, uint32_t workers, uint32_t batch_entries,
                       const CodecBytes& codec) {
  MemoryPlan plan;
  const uint64_t for_restores = budget_bytes / 4;
  plan.restore_bytes = std::clamp(for_restores / kRestoresAtOnce, kPart, kRestoreMax);
  plan.restores = static_cast<uint32_t>(std::clamp<uint64_t>(for_restores / plan.restore_bytes, 1, 1024));
  uint64_t for_jobs = budget_bytes - for_restores;
  const uint64_t fixed_bytes = (batch_entries - 1) * kLeaseBytes + codec.encode;
  const uint64_t parts = codec.encode == 0 ? kParts : kParts + 1;
  if (codec.decode > codec.encode) {
    // Few are enough: what is there already is read at the pace of verify_max_bytes_per_second.
    plan.decoder_bytes = codec.decode;
    plan.decoders =
        static_cast<uint32_t>(std::clamp<uint64_t>(for_jobs / kDecodersPart / codec.decode, 1, workers));
    for_jobs -= std::min(for_jobs, plan.decoders * plan.decoder_bytes);
  } else {
    plan.decoders = workers;
  }
  const uint64_t for_one = (for_jobs - std::min(for_jobs, fixed_bytes)) / parts;
  const uint64_t least = std::clamp(for_one, kPart, kRoomyPart);
  plan.job_bytes = std::max(for_jobs / workers, parts * least + fixed_bytes);
  plan.jobs = static_cast<uint32_t>(std::clamp<uint64_t>(for_jobs / plan.job_bytes, 1, workers));
  const uint64_t share = (plan.job_bytes - fixed_bytes) / parts;
  // What does not fit the buffer of what is encoded is encoded twice, which costs more than anything else
  // that these could be used for; a source does well with less.
  // A batch of small entries is to fit the source's buffer too.
  const bool is_roomy = codec.encode != 0 && share >= 2 * kRoomyPart;
  const uint64_t half = is_roomy ? share / 2 : 0;
  const uint64_t for_names = share - half;
  const uint64_t for_source = batch_entries > 1 ? share : for_names;
  const uint64_t for_coded = parts * share - for_source - for_names - share;
  plan.source.buffer_bytes = static_cast<size_t>(std::min(for_source, kBufferMax));
  plan.source.layout_bytes = static_cast<size_t>(for_names);
  if (codec.encode != 0) plan.coded_buffer_bytes = static_cast<size_t>(std::min(for_coded, kCodedBufferMax));
  plan.put_buffer_bytes = std::min(share, kPutBufferMax);
  // A job that compares puts nothing, so it may use the memory of the put.
  plan.compare_entries = std::min(plan.put_buffer_bytes / kDigestBytes, kCompareMax);
  return plan;
}

Slots::Lease Slots::take() {
  const MutexLock lock(mutex_);
  const bool waits = free_ == 0;
  if (waits) {
    ++usage_.waiting;
    while (free_ == 0) given_back_.wait(mutex_);
    --usage_.waiting;
  }
  --free_;
  ++usage_.in_use;
  return {*this, waits};
}

Result<Slots::Lease> Slots::take(const Call& deadline) {
  const MutexLock lock(mutex_);
  Status status = deadline.check();
  const bool waits = free_ == 0 && status;
  if (waits) {
    ++usage_.waiting;
    while (free_ == 0 && status) {
      given_back_.wait_until(mutex_, std::chrono::steady_clock::now() + kPoll);
      status = deadline.check();
    }
    --usage_.waiting;
  }
  if (!status) {
    if (free_ > 0) given_back_.notify_one();  // it may have been meant for this thread
    return std::move(status.error());
  }
  --free_;
  ++usage_.in_use;
  return Lease(*this, waits);
}

Slots::Usage Slots::usage() {
  const MutexLock lock(mutex_);
  return usage_;
}

void Slots::give_back() {
  const MutexLock lock(mutex_);
  ++free_;
  --usage_.in_use;
  if (usage_.waiting > 0) given_back_.notify_one();
}

SourcePool::SourcePool(const MemoryPlan& plan, const codec::Encoding& encoding,
                       const codec::TagKeys& tag_keys)
    : slots_(plan.jobs), decoders_(plan.decoders), recipients_(encoding.recipients) {
  for (uint32_t i = 0; i < plan.jobs; ++i) {
    Sources sources;
    sources.source = std::make_unique<tar::EntrySource>(plan.source);
    if (encoding.coding != Coding::kNone)
      sources.coded = std::make_unique<codec::CodedSource>(encoding, tag_keys, plan.coded_buffer_bytes);
    spare_.push_back(std::move(sources));
  }
}

void SourcePool::forget_attributes() {
  const MutexLock lock(mutex_);
  for (const Sources& sources : spare_) sources.source->forget_attributes();
  was_found_.store(false);
  found_.store(nullptr);
}

SourcePool::Lease SourcePool::take() {
  Slots::Lease slot = slots_.take();
  Sources sources;
  {
    const MutexLock lock(mutex_);
    assert(!spare_.empty());  // as many as there are slots
    // First, for it may throw: then nothing was taken.
    if (!recipients_.empty()) spare_.back().coded->encrypt_to(recipients_);
    sources = std::move(spare_.back());
    spare_.pop_back();
  }
  return {*this, std::move(slot), std::move(sources)};
}

void SourcePool::encrypt_to(std::vector<codec::Recipient> recipients) {
  const MutexLock lock(mutex_);
  recipients_ = std::move(recipients);
}

void SourcePool::give_back(Sources sources) {
  const std::string& found = sources.source->attributes_found();
  if (!found.empty() && !was_found_.exchange(true)) found_.store(&found);
  const MutexLock lock(mutex_);
  spare_.push_back(std::move(sources));
}

SpareSources::Lease SpareSources::take() {
  {
    const MutexLock lock(mutex_);
    spare_.reserve(kKeptMax);  // so that giving one back cannot fail
    if (!spare_.empty()) {
      std::unique_ptr<tar::EntrySource> source = std::move(spare_.back());
      spare_.pop_back();
      return {*this, std::move(source)};
    }
  }
  return {*this, std::make_unique<tar::EntrySource>(kLimits)};
}

void SpareSources::give_back(std::unique_ptr<tar::EntrySource> source) {
  source->close();
  const MutexLock lock(mutex_);
  if (spare_.size() < kKeptMax) spare_.push_back(std::move(source));
}

}  // namespace tidemark::runtime
