#include "runtime/dispatcher.h"

#include <gtest/gtest.h>
#include <tidemark/archiver.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace tidemark::runtime {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

core::SchedulerConfig short_delays() {
  core::SchedulerConfig config;
  config.workers = 4;
  config.retry = {1, 2};
  return config;
}

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    dispatcher_.start();
    intake_.set_gate(Intake::Gate::kOpen);
  }
  ~DispatcherTest() override {
    dispatcher_.shut_down();
    for (std::thread& thread : threads_) thread.join();
    dispatcher_.finish();
  }

  void notify(uint64_t id, core::Lsn low, core::Lsn high) {
    const Status status = dispatcher_.notify("db", id, low, high);
    ASSERT_TRUE(status) << status.error().message;
  }
  // The test is the only worker; the next command must be of this kind.
  template <typename T>
  T take(Finished finished = {}) {
    Command command;
    EXPECT_TRUE(dispatcher_.take(std::move(finished), &command));
    const T* const wanted = std::get_if<T>(&command);
    EXPECT_NE(wanted, nullptr) << "another kind of command: " << command.index();
    return wanted == nullptr ? T() : *wanted;
  }
  static JobDone done(const JobCommand& command, core::Outcome outcome = core::Outcome::kDone) {
    JobDone result;
    result.job = command.job;
    result.result.outcome = outcome;
    result.error.status = outcome == core::Outcome::kDone ? TIDEMARK_OK : TIDEMARK_E_RETRYABLE;
    if (outcome != core::Outcome::kDone) result.error.message = "why it failed";
    return result;
  }
  static AckDone done(const AckCommand& command, bool ok = true) { return {command.ack, ok}; }
  void start_timer() {
    threads_.emplace_back([this] { dispatcher_.run_timer(); });
  }
  // Takes the partition from nothing to acknowledged.
  void archive_first(uint64_t id) {
    notify(id, 1, 1);
    const auto discover = take<JobCommand>();
    ASSERT_EQ(discover.job.kind, core::JobKind::kDiscover);
    const auto archive = take<JobCommand>(done(discover));
    ASSERT_EQ(archive.job.kind, core::JobKind::kArchive);
    last_ack_ = take<AckCommand>(done(archive));
  }

  Intake intake_;
  Dispatcher dispatcher_{short_delays(), intake_};
  AckCommand last_ack_;
  std::vector<std::thread> threads_;
};

TEST_F(DispatcherTest, FromANotificationToItsAcknowledgement) {
  notify(7, 1, 2);
  const auto discover = take<JobCommand>();
  EXPECT_EQ(discover.job.kind, core::JobKind::kDiscover);
  EXPECT_EQ(*discover.id.storage, "db");
  EXPECT_EQ(discover.id.id, 7U);
  const auto first = take<JobCommand>(done(discover));
  EXPECT_EQ(first.job.kind, core::JobKind::kArchive);
  EXPECT_EQ(first.job.range, (core::Range{1, 1}));
  const auto ack = take<AckCommand>(done(first));
  EXPECT_EQ(ack.ack.lsn, 1U);
  EXPECT_EQ(ack.id.id, 7U);
  const auto second = take<JobCommand>(done(ack));
  EXPECT_EQ(second.job.range, (core::Range{2, 2}));
  EXPECT_EQ(take<AckCommand>(done(second)).ack.lsn, 2U);
}

TEST_F(DispatcherTest, ASleepingWorkerIsWokenByNotify) {
  std::atomic<bool> got{false};
  threads_.emplace_back([&] {
    Command command;
    got = dispatcher_.take({}, &command) && std::holds_alternative<JobCommand>(command);
  });
  notify(1, 1, 1);
  const auto deadline = steady_clock::now() + seconds(60);
  while (!got && steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(got);
}

// Whoever takes one command and leaves another wakes the next: here one for the acknowledgement of entry 1
// and one for entry 2.
TEST_F(DispatcherTest, WhoeverLeavesACommandWakesAnother) {
  notify(7, 1, 2);
  const auto archive = take<JobCommand>(done(take<JobCommand>()));
  std::atomic<bool> runs{false}, got{false};
  threads_.emplace_back([&] {
    runs = true;
    Command command;
    got = dispatcher_.take({}, &command);
  });
  while (!runs) std::this_thread::yield();
  // Asleep by now, most likely; if not, it finds the command by itself.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  (void)take<AckCommand>(done(archive));
  const auto deadline = steady_clock::now() + seconds(60);
  while (!got && steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(got);
}

TEST_F(DispatcherTest, EventsComeInOrderAndToOneWorkerAtATime) {
  archive_first(7);
  notify(7, 5, 5);
  // The gap is known as soon as the partition is looked at: its event goes first.
  const auto gap = take<EventsCommand>(done(last_ack_));
  ASSERT_EQ(gap.size(), 1U);
  EXPECT_EQ(gap[0].kind, TIDEMARK_EVENT_GAP);
  EXPECT_EQ(gap[0].range, (core::Range{2, 4}));
  EXPECT_EQ(gap[0].id.id, 7U);
  EXPECT_EQ(gap[0].error.status, TIDEMARK_OK);
  // While that is delivered others are raised, and wait.
  EXPECT_TRUE(dispatcher_.sink_swapped());
  const auto job = take<JobCommand>();
  EXPECT_TRUE(dispatcher_.sink_swapped());
  const auto next = take<EventsCommand>(EventsDone());
  ASSERT_EQ(next.size(), 2U);
  EXPECT_EQ(next[0].kind, TIDEMARK_EVENT_SINK_CHANGED);
  EXPECT_EQ(next[1].kind, TIDEMARK_EVENT_SINK_CHANGED);
  EXPECT_EQ(next[0].id.storage, nullptr);
  EXPECT_EQ(job.id.id, 7U);
}

TEST_F(DispatcherTest, AFailureCarriesItsErrorIntoTheEvent) {
  notify(7, 1, 1);
  const auto archive = take<JobCommand>(done(take<JobCommand>()));
  const auto events = take<EventsCommand>(done(archive, core::Outcome::kEntryFailed));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, TIDEMARK_EVENT_FAILING);
  EXPECT_EQ(events[0].attempt, 1U);
  EXPECT_EQ(events[0].error.status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(events[0].error.message, "why it failed");
}

TEST_F(DispatcherTest, TheTimerEndsABackoff) {
  start_timer();
  notify(7, 1, 1);
  const auto archive = take<JobCommand>(done(take<JobCommand>()));
  (void)take<EventsCommand>(done(archive, core::Outcome::kEntryFailed));
  const auto again = take<JobCommand>(EventsDone());
  EXPECT_EQ(again.job.range, archive.job.range);
}

TEST_F(DispatcherTest, TheTimerRepeatsAFailedAcknowledge) {
  start_timer();
  archive_first(7);
  const auto again = take<AckCommand>(done(last_ack_, false));
  EXPECT_EQ(again.ack.lsn, 1U);
}

TEST_F(DispatcherTest, DrainWaitsForTheLastAcknowledgement) {
  archive_first(7);
  std::atomic<bool> drained{false};
  threads_.emplace_back([&] {
    dispatcher_.drain(steady_clock::now() + seconds(60));
    drained = true;
  });
  const auto soon = steady_clock::now() + std::chrono::milliseconds(50);
  while (steady_clock::now() < soon) ASSERT_FALSE(drained) << "an acknowledgement is still to be answered";
  threads_.emplace_back([&] {
    Command command;
    EXPECT_FALSE(dispatcher_.take(done(last_ack_), &command));
  });
  const auto deadline = steady_clock::now() + seconds(30);
  while (!drained && steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(drained);
}

TEST_F(DispatcherTest, DrainEndsAtItsDeadline) {
  notify(7, 1, 1);
  const auto begin = steady_clock::now();
  dispatcher_.drain(begin + std::chrono::milliseconds(30));
  EXPECT_GE(steady_clock::now() - begin, std::chrono::milliseconds(30));
}

TEST_F(DispatcherTest, DrainOfNothingReturnsAtOnce) {
  dispatcher_.drain(steady_clock::now() + seconds(3600));
}

TEST_F(DispatcherTest, ShutDownReturnsEverybody) {
  start_timer();
  std::atomic<int> returned{0};
  for (int i = 0; i < 4; ++i) {
    threads_.emplace_back([&] {
      Command command;
      EXPECT_FALSE(dispatcher_.take({}, &command));
      ++returned;
    });
  }
  dispatcher_.shut_down();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  EXPECT_EQ(returned, 4);
  EXPECT_FALSE(dispatcher_.sink_swapped());
}

// Even with work at hand.
TEST_F(DispatcherTest, NothingIsTakenAfterShutDown) {
  notify(7, 1, 1);
  const auto discover = take<JobCommand>();
  dispatcher_.shut_down();
  Command command;
  EXPECT_FALSE(dispatcher_.take(done(discover), &command));
}

TEST_F(DispatcherTest, ANewLifeKnowsNothingOfTheLast) {
  archive_first(7);
  dispatcher_.shut_down();
  dispatcher_.finish();
  EXPECT_FALSE(dispatcher_.snapshot().has_value());
  EXPECT_FALSE(dispatcher_.sink_swapped());
  intake_.reset();
  dispatcher_.start();
  ASSERT_TRUE(dispatcher_.snapshot().has_value());
  EXPECT_EQ(dispatcher_.snapshot()->partitions_active, 0U);
  archive_first(7);
}

TEST_F(DispatcherTest, ASwapLooksAtTheNewSink) {
  archive_first(7);
  EXPECT_TRUE(dispatcher_.sink_swapped());
  ASSERT_EQ(take<EventsCommand>(done(last_ack_)).size(), 1U);
  notify(7, 1, 2);
  const auto job = take<JobCommand>(EventsDone());
  EXPECT_EQ(job.job.kind, core::JobKind::kDiscover);
  EXPECT_EQ(job.job.sink_epoch, 1U);
}

TEST_F(DispatcherTest, TheSnapshotSeesWhatRuns) {
  notify(7, 1, 3);
  const auto discover = take<JobCommand>();
  const auto snapshot = dispatcher_.snapshot();
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->jobs_running, 1U);
  EXPECT_EQ(snapshot->entries_waiting, 3U);
  EXPECT_EQ(snapshot->partitions_active, 1U);
  (void)discover;
}

// A host that takes no events costs bounded memory: the oldest are dropped and counted.
TEST_F(DispatcherTest, EventsNobodyTakesAreDroppedAndCounted) {
  constexpr uint64_t kKept = 65'536, kDropped = 100;
  for (uint64_t i = 0; i < kKept + kDropped; ++i) ASSERT_TRUE(dispatcher_.sink_swapped());
  EXPECT_EQ(dispatcher_.events_dropped(), kDropped);
  EXPECT_EQ(take<EventsCommand>().size(), kKept);
}

}  // namespace
}  // namespace tidemark::runtime
