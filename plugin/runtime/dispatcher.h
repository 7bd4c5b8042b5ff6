// The monitor around the scheduler: feeds it what happened, hands its commands to workers.
//
// No thread owns the scheduler: each thread that has something to report to it steps it under one short
// lock, and a worker that ends a job takes its next command in the same step. That saves two context
// switches per entry. A timer thread ends delays while every worker sleeps or is busy.
//
// take: worker threads. run_timer: the timer thread. The rest: as tagged. No lock is held while a
// command runs.
#ifndef TIDEMARK_RUNTIME_DISPATCHER_H
#define TIDEMARK_RUNTIME_DISPATCHER_H

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "core/scheduler.h"
#include "runtime/doorbell.h"
#include "runtime/event_queue.h"
#include "runtime/intake.h"
#include "sink/slot.h"

namespace tidemark::runtime {

// Monotonic, in milliseconds.
core::TimeMs now_ms();

struct JobCommand {
  core::Job job;
  PartitionId id;
  std::shared_ptr<sink::Sink> sink = {};  // the one that the job was planned for
};
struct AckCommand {
  core::Ack ack;
  PartitionId id;
};
// What was decided, to be counted and logged at once, in the order in which it happened.
struct LogCommand {
  std::vector<EventNotice> events;
};
// One event for the host's callback; one worker at a time has one.
struct EventCommand {
  EventNotice event;
};
using Command = std::variant<JobCommand, AckCommand, LogCommand, EventCommand>;

struct JobDone {
  core::Job job;
  core::JobResult result;
  Error error;
  Lsn begins_at = kNoLsn;      // an origin record was written: the archive of the partition begins here
  std::string notice{};        // for the log: an epoch was claimed, or cannot be watched
  bool is_suspicious = false;  // the log says that as a warning
};
struct AckDone {
  core::Ack ack;
  bool ok = false;
};
struct LogDone {};
struct EventDone {
  core::Event event;
};
using Finished = std::variant<std::monostate, JobDone, AckDone, LogDone, EventDone>;

class Dispatcher {
 public:
  Dispatcher(const core::SchedulerConfig& config, Intake& intake, sink::Slot& slot);

  // A new run: everything of the last one is forgotten. Before threads exist. Throws std::bad_alloc.
  void start();
  // [any-thread] Hot: enqueues and wakes a worker if all sleep.
  Status notify(std::string_view storage, uint64_t id, Lsn low, Lsn high);

  // Reports the result of the worker's last command and waits for the next. False: stop. After shut_down only
  // events are handed out, and false means that none is left: no event is lost because the archiver stops.
  bool take(Finished finished, Command* out);
  void run_timer();

  // `swap` puts a new sink into the slot: no job that was planned for one sink runs on the other. If there is
  // no memory now, a worker informs the scheduler as soon as there is. False: not started, nobody to inform.
  bool swap_sink(const std::function<void()>& swap);
  // Waits until everything notified is archived and acknowledged, or the deadline.
  void drain(std::chrono::steady_clock::time_point deadline);
  // Lets every take() and run_timer() return.
  void shut_down();
  // The end of a run, after every thread has been joined.
  void finish();

  std::optional<core::Snapshot> snapshot();  // nothing: not started
  uint64_t events_dropped();

 private:
  // One step of take; may throw std::bad_alloc, and has to be done again then.
  bool step(Finished& finished, Command* out, core::TimeMs now) TM_REQUIRES(mutex_);
  void feed(Finished& finished, core::TimeMs now) TM_REQUIRES(mutex_);
  void tell_of_swap(core::TimeMs now) TM_REQUIRES(mutex_);
  void drain_intake(core::TimeMs now) TM_REQUIRES(mutex_);
  bool pick(Command* out, core::TimeMs now) TM_REQUIRES(mutex_);
  bool pick_event(Command* out) TM_REQUIRES(mutex_);
  // After every step: events and forgotten partitions leave the scheduler, the timer learns of new delays.
  void collect(Error* error) TM_REQUIRES(mutex_);
  void update_timer() TM_REQUIRES(mutex_);
  bool has_command(core::TimeMs now) const TM_REQUIRES(mutex_);
  bool finished_all() const TM_REQUIRES(mutex_);

  const core::SchedulerConfig config_;
  Intake& intake_;
  sink::Slot& slot_;
  Doorbell doorbell_;

  Mutex mutex_;
  std::unique_ptr<core::Scheduler> scheduler_ TM_GUARDED_BY(mutex_);  // null: not started
  EventQueue events_ TM_GUARDED_BY(mutex_);
  uint64_t events_dropped_ TM_GUARDED_BY(mutex_) = 0;  // in earlier runs
  bool stopping_ TM_GUARDED_BY(mutex_) = false;
  bool swap_unreported_ TM_GUARDED_BY(mutex_) = false;  // of a new sink, to the scheduler
  core::TimeMs timer_due_ TM_GUARDED_BY(mutex_) = core::kNever;
  CondVar timer_changed_;
  CondVar drained_;
  bool draining_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_DISPATCHER_H
