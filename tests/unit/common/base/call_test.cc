#include "base/call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

namespace tidemark {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

tidemark_call cancellable(std::atomic<bool>* flag, uint32_t timeout_ms = 0) {
  return {sizeof(tidemark_call), timeout_ms, flag,
          [](void* ctx) -> int32_t { return static_cast<std::atomic<bool>*>(ctx)->load() ? 1 : 0; }};
}

TEST(Call, NullNeverEnds) {
  const Call call(nullptr, nullptr);
  EXPECT_TRUE(call.check());
  EXPECT_EQ(call.remaining_ms(), UINT64_MAX);
  EXPECT_EQ(call.remaining().timeout_ms, 0u);
}

TEST(Call, Cancellation) {
  std::atomic<bool> flag{false};
  const tidemark_call raw = cancellable(&flag);
  const Call call(&raw, nullptr);
  EXPECT_TRUE(call.check());
  flag = true;
  EXPECT_EQ(call.check().error().status, TIDEMARK_E_CANCELLED);
  const tidemark_call rest = call.remaining();
  EXPECT_EQ(Call(&rest, nullptr).check().error().status, TIDEMARK_E_CANCELLED);
}

TEST(Call, TimeoutIsRetryableAndPassedOnAsWhatIsLeft) {
  const tidemark_call raw = {sizeof raw, 60, nullptr, nullptr};
  const Call call(&raw, nullptr);
  EXPECT_TRUE(call.check());
  EXPECT_LE(call.remaining().timeout_ms, 60u);
  EXPECT_GT(call.remaining().timeout_ms, 0u);
  std::this_thread::sleep_for(milliseconds(70));
  EXPECT_EQ(call.check().error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(call.check().error().message.find("60 ms"), std::string::npos);
  EXPECT_EQ(call.remaining_ms(), 0u);
  EXPECT_EQ(call.remaining().timeout_ms, 1u) << "0 would mean that there is no timeout";
}

TEST(Call, TheNextCallIsOnlyMadeIfThereIsTimeLeft) {
  std::atomic<bool> flag{false};
  const tidemark_call raw = cancellable(&flag, 60'000);
  const Call call(&raw);
  const Result<tidemark_call> next = call.next_call();
  ASSERT_TRUE(next);
  EXPECT_GT(next->timeout_ms, 0u);
  EXPECT_EQ(next->ctx, &flag);
  flag = true;
  EXPECT_EQ(call.next_call().error().status, TIDEMARK_E_CANCELLED);
  EXPECT_TRUE(Call().next_call());
}

TEST(Call, ShortStructHasNoCancellation) {
  const tidemark_call raw = {offsetof(tidemark_call, ctx), 1000, nullptr,
                             reinterpret_cast<int32_t (*)(void*)>(1)};
  EXPECT_TRUE(Call(&raw, nullptr).check());
  const tidemark_call empty = {4, 1, nullptr, reinterpret_cast<int32_t (*)(void*)>(1)};
  EXPECT_EQ(Call(&empty, nullptr).remaining_ms(), UINT64_MAX);
}

TEST(Call, SleepEndsOnCancellationAndUsesNoProcessor) {
  std::atomic<bool> flag{false};
  const tidemark_call raw = cancellable(&flag);
  const Call call(&raw, nullptr);
  const auto begin = steady_clock::now();
  timespec cpu_before, cpu_after;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu_before);
  std::thread canceller([&] {
    std::this_thread::sleep_for(milliseconds(150));
    flag = true;
  });
  EXPECT_EQ(call.sleep_ms(60'000).error().status, TIDEMARK_E_CANCELLED);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu_after);
  canceller.join();
  EXPECT_GE(steady_clock::now() - begin, milliseconds(150));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(5000));
  const int64_t cpu_us =
      (cpu_after.tv_sec - cpu_before.tv_sec) * 1'000'000 + (cpu_after.tv_nsec - cpu_before.tv_nsec) / 1000;
  EXPECT_LT(cpu_us, 50'000);
}

TEST(Call, SleepEndsAtTheTimeoutAndByItself) {
  const tidemark_call raw = {sizeof raw, 100, nullptr, nullptr};
  const auto begin = steady_clock::now();
  EXPECT_EQ(Call(&raw, nullptr).sleep_ms(60'000).error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(100));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(5000));
  const auto second = steady_clock::now();
  EXPECT_TRUE(Call(nullptr, nullptr).sleep_ms(30));
  EXPECT_GE(steady_clock::now() - second, milliseconds(30));
}

}  // namespace
}  // namespace tidemark
