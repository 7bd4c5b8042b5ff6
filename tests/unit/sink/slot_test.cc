#include "sink/slot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "sink/fake_table.h"

namespace tidemark::sink {
namespace {

// Sinks that count how many of them are open; close runs on any thread.
std::atomic<int> open_sinks{0};

tidemark_sink_api counting_table() {
  tidemark_sink_api table = test::fake_table();
  table.close = [](tidemark_sink*) { --open_sinks; };
  return table;
}
const tidemark_sink_api kTable = counting_table();

std::shared_ptr<Sink> make_sink() {
  ++open_sinks;
  return std::make_shared<Sink>(&kTable, nullptr, nullptr);
}

TEST(Slot, IsEmptyAtFirst) {
  Slot slot;
  EXPECT_EQ(slot.get(), nullptr);
  EXPECT_EQ(slot.swap(nullptr), nullptr);
}

TEST(Slot, SwapReturnsTheOldOne) {
  Slot slot;
  const auto first = make_sink();
  EXPECT_EQ(slot.swap(first), nullptr);
  EXPECT_EQ(slot.get(), first);
  const auto second = make_sink();
  EXPECT_EQ(slot.swap(second), first);
  EXPECT_EQ(slot.get(), second);
}

TEST(Slot, WhoeverStillHoldsTheOldOneClosesIt) {
  ASSERT_EQ(open_sinks, 0);
  {
    Slot slot;
    slot.swap(make_sink());
    auto held = slot.get();
    slot.swap(make_sink());
    EXPECT_EQ(open_sinks, 2) << "closed under a job";
    held.reset();
    EXPECT_EQ(open_sinks, 1);
  }
  EXPECT_EQ(open_sinks, 0);
}

TEST(Slot, ManyThreadsWhileItIsSwapped) {
  {
    Slot slot;
    slot.swap(make_sink());
    std::atomic<bool> done{false};
    std::vector<std::thread> users;
    for (int i = 0; i < 3; ++i) {
      users.emplace_back([&] {
        while (!done) EXPECT_NE(slot.get(), nullptr);
      });
    }
    for (int i = 0; i < 2000; ++i) slot.swap(make_sink());
    done = true;
    for (std::thread& user : users) user.join();
    EXPECT_EQ(open_sinks, 1);
  }
  EXPECT_EQ(open_sinks, 0);
}

}  // namespace
}  // namespace tidemark::sink
