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

  void notify(uint64_t id, Lsn low, Lsn high) {
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
  static EventDone done(const EventCommand& command) { return {command.event.event}; }
  // The next command logs what was decided, the one after brings the first event.
  EventCommand take_event(Finished finished = {}) {
    (void)take<LogCommand>(std::move(finished));
    return take<EventCommand>(LogDone());
  }
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
  sink::Slot slot_;  // empty: no job is run here
  Dispatcher dispatcher_{short_delays(), intake_, slot_};
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
  EXPECT_EQ(first.job.range, (Range{1, 1}));
  const auto ack = take<AckCommand>(done(first));
  EXPECT_EQ(ack.ack.lsn, 1U);
  EXPECT_EQ(ack.id.id, 7U);
  const auto second = take<JobCommand>(done(ack));
  EXPECT_EQ(second.job.range, (Range{2, 2}));
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
  const auto look = take<JobCommand>(done(last_ack_));
  EXPECT_EQ(look.job.kind, core::JobKind::kDiscover);
  // It is logged before anything else happens, then the host is told.
  const auto decided = take<LogCommand>(done(look));
  ASSERT_EQ(decided.events.size(), 1U);
  EXPECT_EQ(decided.events[0].event.range, (Range{2, 4}));
  const auto gap = take<EventCommand>(LogDone());
  EXPECT_EQ(gap.event.kind, TIDEMARK_EVENT_GAP);
  EXPECT_EQ(gap.event.event.range, (Range{2, 4}));
  EXPECT_EQ(gap.event.id.id, 7U);
  EXPECT_EQ(gap.event.error.status, TIDEMARK_OK);
  // While that is delivered others are decided: logged at once, and delivered later.
  const auto job = take<JobCommand>();
  EXPECT_EQ(job.job.kind, core::JobKind::kRecordGap);
  EXPECT_TRUE(dispatcher_.swap_sink([] {}));
  (void)take<LogCommand>();
  EXPECT_TRUE(dispatcher_.swap_sink([] {}));
  ASSERT_EQ(take<LogCommand>(LogDone()).events.size(), 1U);
  const auto first = take<EventCommand>(done(gap));
  EXPECT_EQ(first.event.kind, TIDEMARK_EVENT_SINK_CHANGED);
  EXPECT_EQ(first.event.id.storage, nullptr);
  (void)take<AckCommand>(done(job));
  Command none;
  dispatcher_.shut_down();
  EXPECT_FALSE(dispatcher_.take(done(first), &none)) << "the next is being logged, and follows then";
  EXPECT_EQ(take<EventCommand>(LogDone()).event.kind, TIDEMARK_EVENT_SINK_CHANGED);
}

TEST_F(DispatcherTest, AFailureCarriesItsErrorIntoTheEvent) {
  notify(7, 1, 1);
  const auto archive = take<JobCommand>(done(take<JobCommand>()));
  const auto failing = take_event(done(archive, core::Outcome::kEntryFailed));
  EXPECT_EQ(failing.event.kind, TIDEMARK_EVENT_FAILING);
  EXPECT_EQ(failing.event.event.attempt, 1U);
  EXPECT_EQ(failing.event.error.status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(failing.event.error.message, "why it failed");
}

// The acknowledgement that passes a gap waits for its event; those of others do not.
TEST_F(DispatcherTest, AnAcknowledgementWaitsForTheEventOfAGap) {
  archive_first(7);
  notify(7, 5, 5);
  const auto look = take<JobCommand>(done(last_ack_));
  const auto gap = take_event(done(look));
  const auto record = take<JobCommand>();
  const auto archive = take<JobCommand>(done(record));
  ASSERT_EQ(archive.job.range, (Range{5, 5}));
  notify(8, 1, 1);
  const auto other = take<JobCommand>(done(archive));
  EXPECT_EQ(other.id.id, 8U);
  const auto others_ack = take<AckCommand>(done(take<JobCommand>(done(other))));
  EXPECT_EQ(others_ack.id.id, 8U);
  (void)done(others_ack);
  const auto ack = take<AckCommand>(done(gap));
  EXPECT_EQ(ack.id.id, 7U);
  EXPECT_EQ(ack.ack.lsn, 5U);
}

// Whoever stops waits for the callback that runs and for the events that follow it, and for nothing else.
TEST_F(DispatcherTest, WhatIsQueuedIsDeliveredAfterShutDown) {
  archive_first(7);
  notify(7, 5, 5);
  const auto look = take<JobCommand>(done(last_ack_));
  const auto gap = take_event(done(look));
  EXPECT_TRUE(dispatcher_.swap_sink([] {}));
  dispatcher_.shut_down();
  const auto decided = take<LogCommand>(done(gap));
  EXPECT_EQ(decided.events.size(), 1U);
  const auto changed = take<EventCommand>(LogDone());
  EXPECT_EQ(changed.event.kind, TIDEMARK_EVENT_SINK_CHANGED);
  Command none;
  EXPECT_FALSE(dispatcher_.take(done(changed), &none));
}

TEST_F(DispatcherTest, TheTimerEndsABackoff) {
  start_timer();
  notify(7, 1, 1);
  const auto archive = take<JobCommand>(done(take<JobCommand>()));
  const auto failing = take_event(done(archive, core::Outcome::kEntryFailed));
  const auto again = take<JobCommand>(done(failing));
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
  EXPECT_FALSE(dispatcher_.swap_sink([] {}));
}

// Even with work at hand.
TEST_F(DispatcherTest, NothingIsTakenAfterShutDown) {
  notify(7, 1, 1);
  const auto discover = take<JobCommand>();
  dispatcher_.shut_down();
  Command command;
  EXPECT_FALSE(dispatcher_.take(done(discover), &command));
}

TEST_F(DispatcherTest, ANewRunKnowsNothingOfTheLast) {
  archive_first(7);
  dispatcher_.shut_down();
  dispatcher_.finish();
  EXPECT_FALSE(dispatcher_.snapshot().has_value());
  EXPECT_FALSE(dispatcher_.swap_sink([] {}));
  intake_.reset();
  dispatcher_.start();
  ASSERT_TRUE(dispatcher_.snapshot().has_value());
  EXPECT_EQ(dispatcher_.snapshot()->partitions_active, 0U);
  archive_first(7);
}

TEST_F(DispatcherTest, ASwapLooksAtTheNewSink) {
  archive_first(7);
  EXPECT_TRUE(dispatcher_.swap_sink([] {}));
  const auto changed = take_event(done(last_ack_));
  notify(7, 1, 2);
  const auto job = take<JobCommand>(done(changed));
  EXPECT_EQ(job.job.kind, core::JobKind::kDiscover);
  EXPECT_EQ(job.job.sink_number, 1U);
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
  constexpr uint64_t kKept = EventQueue::kMostDroppable, kDropped = 100;
  for (uint64_t i = 0; i < kKept + kDropped; ++i) ASSERT_TRUE(dispatcher_.swap_sink([] {}));
  EXPECT_EQ(dispatcher_.events_dropped(), kDropped);
  EXPECT_EQ(take<LogCommand>().events.size(), kKept);
}

}  // namespace
}  // namespace tidemark::runtime
