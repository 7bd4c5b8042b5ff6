// Stopping: what is waited for, what is cancelled, and how soon.
#include <chrono>

#include "harness.h"

namespace tidemark::integration {
namespace {

using Clock = std::chrono::steady_clock;

class StopScenario : public Scenario {
 protected:
  static double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }
  tidemark_status notify_status(ErrorOut* error) {
    const tidemark_partition partition = {str(p_.storage), p_.id};
    return api_->notify(archiver_, &partition, 1, 1, error);
  }
};

TEST_F(StopScenario, DrainFinishesWhatWasNotified) {
  for (uint64_t id = 1; id <= 5; ++id) host_.commit_range({"orders", id}, 1, 10);
  begin();
  for (uint64_t id = 1; id <= 5; ++id) notify({"orders", id}, 1, 10);
  stop(60'000);
  for (uint64_t id = 1; id <= 5; ++id) EXPECT_EQ(host_.acknowledged({"orders", id}), 10U);
  EXPECT_EQ(objects().size(), 50U);
}

TEST_F(StopScenario, DrainWithNothingToDoReturnsAtOnce) {
  begin();
  const auto begun = Clock::now();
  stop(3'600'000);
  EXPECT_LT(seconds_since(begun), 30);
}

TEST_F(StopScenario, DrainEndsAtItsDeadline) {
  host_.commit_range(p_, 1, 1);
  Gate never;
  std::atomic<bool> in_put{false};
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call* call) -> tidemark_status {
    if (verb != "put") return TIDEMARK_OK;
    in_put = true;
    return never.pass(call) ? TIDEMARK_OK : TIDEMARK_E_CANCELLED;
  };
  begin_with_valve();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_until([&] { return in_put.load(); }));
  const auto begun = Clock::now();
  stop(200);
  EXPECT_GE(seconds_since(begun), 0.2);
  EXPECT_LT(seconds_since(begun), 20);
  EXPECT_EQ(valve_.running_calls, 0);
  EXPECT_EQ(host_.acknowledged(p_), 0U);
  EXPECT_TRUE(host_.events().empty()) << "to be cancelled is no failure";
}

// A slow sink in the middle of an upload.
TEST_F(StopScenario, StopInTheMiddleOfAnUpload) {
  for (uint64_t id = 1; id <= 4; ++id) host_.commit_range({"orders", id}, 1, 3);
  create();
  ASSERT_EQ(set_sink("faulty:///?delay_ms=600000"), TIDEMARK_OK);
  start();
  for (uint64_t id = 1; id <= 4; ++id) notify({"orders", id}, 1, 3);
  ASSERT_TRUE(host_.wait_until([&] { return metrics().at("tidemark_active_jobs") == 4; }));
  const auto begun = Clock::now();
  stop(0);
  EXPECT_LT(seconds_since(begun), 5) << "a second is the promise, the rest is for a busy machine";
  EXPECT_TRUE(host_.events().empty());
}

// A large body: the cancellation is seen between pieces.
TEST_F(StopScenario, StopInTheMiddleOfALargeBody) {
  host_.commit(p_, 1, std::string(16 << 20, 'x'));
  Gate stopping;
  std::atomic<bool> reading{false};
  valve_.read = [&](std::string_view, uint64_t) {
    if (!reading.exchange(true)) stopping.pass();
  };
  begin_with_valve();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_until([&] { return reading.load(); }));
  std::thread opener([&] {
    // stop() has begun once notify says so.
    ErrorOut error;
    while (notify_status(&error) != TIDEMARK_E_CANCELLED) std::this_thread::yield();
    stopping.open();
  });
  stop(0);
  opener.join();
  EXPECT_EQ(host_.acknowledged(p_), 0U);
  EXPECT_TRUE(host_.events().empty());
  start();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
}

TEST_F(StopScenario, NotifyIsRefusedBeforeStartAndAfterStop) {
  create();
  ASSERT_EQ(set_sink(file_url(archive_)), TIDEMARK_OK);
  ErrorOut error;
  EXPECT_EQ(notify_status(&error), TIDEMARK_E_INVALID);
  EXPECT_NE(std::string(error.message).find("start"), std::string::npos) << error.message;
  start();
  stop();
  EXPECT_EQ(notify_status(&error), TIDEMARK_E_INVALID);
  stop();
  stop(0);
}

TEST_F(StopScenario, NotifyIsRefusedWhileStopping) {
  host_.commit_range(p_, 1, 1);
  std::atomic<tidemark_status> seen{TIDEMARK_OK};
  host_.on_acknowledge = [&](const Partition&, Lsn, tidemark_error*) -> tidemark_status {
    ErrorOut error;
    do {
      seen = notify_status(&error);
    } while (seen == TIDEMARK_OK);
    return TIDEMARK_OK;
  };
  begin();
  notify(p_, 1, 1);
  stop(60'000);
  EXPECT_EQ(seen, TIDEMARK_E_CANCELLED);
}

// [control] from a callback would wait for itself: refused, not a hang.
TEST_F(StopScenario, ControlCallsFromACallbackAreRefused) {
  host_.commit_range(p_, 1, 1);
  std::vector<std::string> messages;
  host_.on_acknowledge = [&](const Partition&, Lsn, tidemark_error*) -> tidemark_status {
    ErrorOut error;
    EXPECT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_E_INVALID);
    messages.emplace_back(error.message);
    EXPECT_EQ(api_->start(archiver_, &error), TIDEMARK_E_INVALID);
    messages.emplace_back(error.message);
    EXPECT_EQ(set_sink(file_url(archive_), {}, &error), TIDEMARK_E_INVALID);
    messages.emplace_back(error.message);
    return TIDEMARK_OK;
  };
  begin();
  notify(p_, 1, 1);
  drain();
  ASSERT_EQ(messages.size(), 3U);
  for (const std::string& message : messages)
    EXPECT_NE(message.find("callback"), std::string::npos) << message;
}

// The [any-thread] functions, from inside a callback.
TEST_F(StopScenario, AnyThreadCallsFromACallbackWork) {
  host_.commit_range(p_, 1, 2);
  std::atomic<size_t> listed{0};
  host_.on_acknowledge = [&](const Partition& p, Lsn, tidemark_error*) -> tidemark_status {
    listed = list(p).size();
    EXPECT_NE(metrics_text().find("tidemark_archives_total"), std::string::npos);
    const test::TempDir out;
    ErrorOut error;
    EXPECT_EQ(restore(p, 1, out.path().string(), &error), TIDEMARK_OK) << error.message;
    return TIDEMARK_OK;
  };
  begin();
  notify(p_, 1, 2);
  drain();
  EXPECT_EQ(listed, 2U);
}

// A host that never stops: destroy does it.
TEST_F(StopScenario, DestroyWhileStarted) {
  host_.commit_range(p_, 1, 3);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  api_->destroy(archiver_);
  archiver_ = nullptr;
  host_.end_run();
}

}  // namespace
}  // namespace tidemark::integration
