#include "runtime/dispatcher.h"

#include <tidemark/archiver.h>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <thread>
#include <utility>

namespace tidemark::runtime {
namespace {

// Notifications merged per step, so that no step keeps the lock for long.
constexpr size_t kDrainAtOnce = 512;
// More events than one step of the scheduler raises.
constexpr size_t kStepEvents = 16;
// How long to wait for memory that a step needs, and how often while the archiver stops.
constexpr auto kShortOfMemory = std::chrono::milliseconds(20);
constexpr int kTriesToStop = 100;

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
    case core::EventKind::kSinkChanged:
      return TIDEMARK_EVENT_SINK_CHANGED;
    case core::EventKind::kBranched:
      return TIDEMARK_EVENT_BRANCHED;
    case core::EventKind::kSuperseded:
      return TIDEMARK_EVENT_SUPERSEDED;
  }
  return 0;
}

bool is_of_partition(core::EventKind kind) {
  return kind != core::EventKind::kSinkDown && kind != core::EventKind::kSinkUp &&
         kind != core::EventKind::kSinkChanged && kind != core::EventKind::kSuperseded;
}

bool carries_error(core::EventKind kind) {
  return kind == core::EventKind::kConflict || kind == core::EventKind::kFailing ||
         kind == core::EventKind::kSinkDown || kind == core::EventKind::kBranched ||
         kind == core::EventKind::kSuperseded;
}

// With its text, if there is memory for it.
Error copy_of(const Error& error) {
  try {
    return error;
  } catch (const std::bad_alloc&) {
    Error bare;
    bare.status = error.status;
    bare.sys_errno = error.sys_errno;
    bare.http_status = error.http_status;
    bare.retry_after_ms = error.retry_after_ms;
    bare.message = "out of memory";
    return bare;
  }
}

}  // namespace

core::TimeMs now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

Dispatcher::Dispatcher(const core::SchedulerConfig& config, Intake& intake, sink::Slot& slot)
    : config_(config), intake_(intake), slot_(slot) {}

void Dispatcher::start() {
  const MutexLock lock(mutex_);
  scheduler_ = std::make_unique<core::Scheduler>(config_, intake_.states());
  stopping_ = false;
  swap_unreported_ = false;
  draining_ = false;
  timer_due_ = core::kNever;
}

Status Dispatcher::notify(std::string_view storage, uint64_t id, Lsn low, Lsn high) {
  bool became_pending = false;
  Status status = intake_.notify(storage, id, low, high, &became_pending);
  if (became_pending) doorbell_.ring();
  return status;
}

bool Dispatcher::take(Finished finished, Command* out) {
  int in_vain = 0;
  mutex_.lock();
  for (core::TimeMs now = now_ms();;) {
    bool is_picked = false;
    try {
      is_picked = step(finished, out, now);
      in_vain = 0;
    } catch (const std::bad_alloc&) {
      // Nothing has changed: try the step again. Only while the archiver stops the number of tries is
      // limited.
      if (stopping_ && ++in_vain == kTriesToStop) break;
      mutex_.unlock();
      std::this_thread::sleep_for(kShortOfMemory);
      mutex_.lock();
      now = now_ms();
      continue;
    }
    if (is_picked) {
      // A worker that takes a command and leaves another one wakes the next worker for it.
      const bool more = has_command(now);
      mutex_.unlock();
      if (more) doorbell_.ring();
      return true;
    }
    if (stopping_) break;  // who is at work on an event continues with those that follow
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

bool Dispatcher::step(Finished& finished, Command* out, core::TimeMs now) {
  feed(finished, now);
  if (stopping_) return pick_event(out);
  tell_of_swap(now);
  drain_intake(now);
  return pick(out, now);
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
    try {
      events_.ensure(kStepEvents);
      scheduler_->tick(now);
    } catch (const std::bad_alloc&) {
      timer_changed_.wait_until(mutex_, std::chrono::steady_clock::now() + kShortOfMemory);
      continue;
    }
    collect(nullptr);
    if (has_command(now)) doorbell_.ring();
    if (draining_ && finished_all()) drained_.notify_all();
  }
}

bool Dispatcher::swap_sink(const std::function<void()>& swap) {
  {
    const MutexLock lock(mutex_);
    swap();
    if (scheduler_ == nullptr || stopping_) return false;
    swap_unreported_ = true;
    try {
      tell_of_swap(now_ms());
    } catch (const std::bad_alloc&) {
      // A worker does it: see step().
    }
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
  events_dropped_ += events_.dropped();
  events_.clear();
}

std::optional<core::Snapshot> Dispatcher::snapshot() {
  const MutexLock lock(mutex_);
  if (scheduler_ == nullptr) return std::nullopt;
  return scheduler_->snapshot(now_ms());
}

uint64_t Dispatcher::events_dropped() {
  const MutexLock lock(mutex_);
  return events_dropped_ + events_.dropped();
}

// ---- Steps, under the lock ----------------------------------------------------------------------

void Dispatcher::tell_of_swap(core::TimeMs now) {
  if (!swap_unreported_) return;
  events_.ensure(kStepEvents);
  scheduler_->sink_swapped(now);
  swap_unreported_ = false;
  collect(nullptr);
}

void Dispatcher::feed(Finished& finished, core::TimeMs now) {
  if (std::holds_alternative<std::monostate>(finished)) return;
  events_.ensure(kStepEvents);
  if (auto* job = std::get_if<JobDone>(&finished)) {
    scheduler_->job_finished(job->job, job->result, now);
    collect(&job->error);
  } else if (auto* ack = std::get_if<AckDone>(&finished)) {
    scheduler_->ack_finished(ack->ack, ack->ok, now);
    collect(nullptr);
  } else if (std::holds_alternative<LogDone>(finished)) {
    events_.logged();
  } else if (auto* delivered = std::get_if<EventDone>(&finished)) {
    scheduler_->event_delivered(delivered->event, now);
    events_.delivered();
    collect(nullptr);
  }
  finished = std::monostate();
}

void Dispatcher::drain_intake(core::TimeMs now) {
  if (!intake_.pending()) return;
  std::array<Notification, kDrainAtOnce> buffer;
  std::span<const Notification> drained = intake_.drain(buffer);
  try {
    for (; !drained.empty(); drained = drained.subspan(1)) {
      events_.ensure(kStepEvents);
      const Notification& next = drained.front();
      scheduler_->notified(next.partition, next.notice, now, next.storage);
      if (!scheduler_->events().empty()) collect(nullptr);
    }
  } catch (const std::bad_alloc&) {
    for (const Notification& n : drained) intake_.put_back(n);
    collect(nullptr);
    throw;
  }
  collect(nullptr);
}

bool Dispatcher::pick(Command* out, core::TimeMs now) {
  if (pick_event(out)) return true;
  if (const auto ack = scheduler_->next_ack()) {
    *out = AckCommand{*ack, intake_.id_of(ack->partition)};
    return true;
  }
  if (const auto job = scheduler_->next_job(now)) {
    const bool is_of_storage = job->partition == core::kNoPartition;
    const PartitionId id =
        is_of_storage ? PartitionId{&intake_.name_of(job->storage), 0} : intake_.id_of(job->partition);
    *out = JobCommand{*job, id, slot_.get()};
    update_timer();  // it may have used up what the rate limit allows
    return true;
  }
  return false;
}

bool Dispatcher::pick_event(Command* out) {
  if (events_.has_to_log()) {
    *out = LogCommand{events_.log()};
    return true;
  }
  if (!events_.has_to_deliver()) return false;
  *out = EventCommand{events_.deliver()};
  return true;
}

// Cannot fail: memory for the events was ensured.
void Dispatcher::collect(Error* error) {
  for (const core::Event& event : scheduler_->events()) {
    EventNotice notice;
    notice.kind = abi_kind(event.kind);
    if (is_of_partition(event.kind)) notice.id = intake_.id_of(event.partition);
    if (event.kind == core::EventKind::kSuperseded) notice.id = {&intake_.name_of(event.storage), 0};
    notice.event = event;
    notice.error.status = TIDEMARK_OK;
    if (error != nullptr && carries_error(event.kind)) notice.error = copy_of(*error);
    events_.push(std::move(notice));
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
  if (events_.has_to_log() || events_.has_to_deliver()) return true;
  return !stopping_ && (swap_unreported_ || scheduler_->has_command(now) || intake_.pending());
}

bool Dispatcher::finished_all() const {
  return scheduler_->idle() && events_.idle() && !intake_.pending() && !swap_unreported_;
}

}  // namespace tidemark::runtime
