#include "runtime/dispatcher.h"

#include <tidemark/archiver.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace tidemark::runtime {
namespace {

// Events wait here only while the host's callback is slow; beyond this many the oldest are dropped and
// counted.
constexpr size_t kMaxEvents = 65'536;
// Notifications merged per step, so that no step keeps the lock for long.
constexpr size_t kDrainAtOnce = 512;

int32_t abi_kind(core::EventKind kind) {
  switch (kind) {
    case core::EventKind::kGap:
      return TIDEMARK_EVENT_GAP;
    case core::EventKind::kConflict:
      return TIDEMARK_EVENT_CONFLICT;
    case core::EventKind::kFailing:
      return TIDEMARK_EVENT_FAILING;
    case core::EventKind::kRecovered:
      return TIDEMARK_EVENT_RECOVERED;
    case core::EventKind::kSinkDown:
      return TIDEMARK_EVENT_SINK_DOWN;
    case core::EventKind::kSinkUp:
      return TIDEMARK_EVENT_SINK_UP;
  }
  return 0;
}

bool carries_error(core::EventKind kind) {
  return kind == core::EventKind::kConflict || kind == core::EventKind::kFailing ||
         kind == core::EventKind::kSinkDown;
}

}  // namespace

core::TimeMs now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

Dispatcher::Dispatcher(const core::SchedulerConfig& config, Intake& intake)
    : config_(config), intake_(intake) {}

void Dispatcher::start() {
  const MutexLock lock(mutex_);
  scheduler_ = std::make_unique<core::Scheduler>(config_);
  events_.clear();
  delivering_events_ = false;
  stopping_ = false;
  draining_ = false;
  timer_due_ = core::kNever;
}

Status Dispatcher::notify(std::string_view storage, uint64_t id, core::Lsn low, core::Lsn high) {
  bool became_pending = false;
  Status status = intake_.notify(storage, id, low, high, &became_pending);
  if (became_pending) doorbell_.ring();
  return status;
}

bool Dispatcher::take(Finished finished, Command* out) {
  mutex_.lock();
  core::TimeMs now = now_ms();
  feed(finished, now);
  while (!stopping_) {
    drain_intake(now);
    if (pick(out, now)) {
      // Whoever takes a command and leaves another behind wakes the next worker for it.
      const bool more = has_command(now);
      mutex_.unlock();
      if (more) doorbell_.ring();
      return true;
    }
    if (draining_ && finished_all()) drained_.notify_all();
    if (intake_.pending()) continue;
    doorbell_.prepare();
    if (intake_.pending()) {
      doorbell_.cancel();
      continue;
    }
    mutex_.unlock();
    doorbell_.wait();
    mutex_.lock();
    now = now_ms();
  }
  mutex_.unlock();
  return false;
}

void Dispatcher::run_timer() {
  const MutexLock lock(mutex_);
  while (!stopping_) {
    timer_due_ = scheduler_->wake_at();
    if (timer_due_ == core::kNever) {
      timer_changed_.wait(mutex_);
    } else {
      timer_changed_.wait_until(mutex_,
                                std::chrono::steady_clock::time_point(std::chrono::milliseconds(timer_due_)));
    }
    const core::TimeMs now = now_ms();
    if (stopping_ || now < timer_due_) continue;
    scheduler_->tick(now);
    collect(nullptr);
    if (has_command(now)) doorbell_.ring();
    if (draining_ && finished_all()) drained_.notify_all();
  }
}

bool Dispatcher::sink_swapped() {
  {
    const MutexLock lock(mutex_);
    if (scheduler_ == nullptr || stopping_) return false;
    scheduler_->sink_swapped(now_ms());
    collect(nullptr);
    EventNotice event;
    event.kind = TIDEMARK_EVENT_SINK_CHANGED;
    event.error.status = TIDEMARK_OK;
    push_event(std::move(event));
  }
  doorbell_.ring();
  return true;
}

void Dispatcher::drain(std::chrono::steady_clock::time_point deadline) {
  const MutexLock lock(mutex_);
  draining_ = true;
  while (!finished_all() && std::chrono::steady_clock::now() < deadline)
    drained_.wait_until(mutex_, deadline);
}

void Dispatcher::shut_down() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    timer_changed_.notify_all();
  }
  doorbell_.ring_all();
}

void Dispatcher::finish() {
  const MutexLock lock(mutex_);
  scheduler_.reset();
  events_.clear();
}

std::optional<core::Snapshot> Dispatcher::snapshot() {
  const MutexLock lock(mutex_);
  if (scheduler_ == nullptr) return std::nullopt;
  return scheduler_->snapshot(now_ms());
}

uint64_t Dispatcher::events_dropped() {
  const MutexLock lock(mutex_);
  return events_dropped_;
}

// ---- Steps, under the lock ----------------------------------------------------------------------

void Dispatcher::feed(Finished& finished, core::TimeMs now) {
  if (auto* job = std::get_if<JobDone>(&finished)) {
    scheduler_->job_finished(job->job, job->result, now);
    collect(&job->error);
  } else if (auto* ack = std::get_if<AckDone>(&finished)) {
    scheduler_->ack_finished(ack->ack, ack->ok, now);
    collect(nullptr);
  } else if (std::holds_alternative<EventsDone>(finished)) {
    delivering_events_ = false;
  }
}

void Dispatcher::drain_intake(core::TimeMs now) {
  if (!intake_.pending()) return;
  std::array<Notification, kDrainAtOnce> buffer;
  for (const Notification& n : intake_.drain(buffer)) {
    scheduler_->notified(n.partition, n.notice, now);
  }
  collect(nullptr);
}

bool Dispatcher::pick(Command* out, core::TimeMs now) {
  if (!events_.empty() && !delivering_events_) {
    delivering_events_ = true;
    *out = EventsCommand(std::make_move_iterator(events_.begin()), std::make_move_iterator(events_.end()));
    events_.clear();
    return true;
  }
  if (const auto ack = scheduler_->next_ack()) {
    *out = AckCommand{*ack, intake_.id_of(ack->partition)};
    return true;
  }
  if (const auto job = scheduler_->next_job(now)) {
    *out = JobCommand{*job, intake_.id_of(job->partition)};
    update_timer();  // it may have used up what the rate limit allows
    return true;
  }
  return false;
}

void Dispatcher::collect(const Error* error) {
  for (const core::Event& event : scheduler_->events()) {
    EventNotice notice;
    notice.kind = abi_kind(event.kind);
    const bool of_sink = event.kind == core::EventKind::kSinkDown || event.kind == core::EventKind::kSinkUp;
    if (!of_sink) notice.id = intake_.id_of(event.partition);
    notice.range = event.range;
    notice.attempt = event.attempt;
    notice.error.status = TIDEMARK_OK;
    if (error != nullptr && carries_error(event.kind)) notice.error = *error;
    push_event(std::move(notice));
  }
  scheduler_->events().clear();
  for (const core::PartitionRef ref : scheduler_->forgotten()) intake_.forget(ref);
  scheduler_->forgotten().clear();
  update_timer();
}

void Dispatcher::update_timer() {
  const core::TimeMs due = scheduler_->wake_at();
  if (due < timer_due_) {
    timer_due_ = due;
    timer_changed_.notify_one();
  }
}

bool Dispatcher::has_command(core::TimeMs now) const {
  return (!events_.empty() && !delivering_events_) || scheduler_->has_command(now) || intake_.pending();
}

bool Dispatcher::finished_all() const {
  return scheduler_->idle() && events_.empty() && !delivering_events_ && !intake_.pending();
}

void Dispatcher::push_event(EventNotice event) {
  if (events_.size() >= kMaxEvents) {
    events_.pop_front();
    ++events_dropped_;
  }
  events_.push_back(std::move(event));
}

}  // namespace tidemark::runtime
