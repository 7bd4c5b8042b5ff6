// Events on their way from the scheduler to the host: each is first counted and logged, then, one at a time,
// given to the host's callback.
//
//   push -> (decided: log() ... logged()) -> (deliver() ... delivered())
//
// Logging does not wait for a callback that takes long, so that what was decided is always in the log.
// GAP and CONFLICT are never dropped: the scheduler has at most one of each on its way for a partition. Of
// the other kinds the oldest are dropped, and counted, when more than kMostDroppable wait.
//
// The memory to keep an event is ensured before it is decided (see core/reserve.h): want of memory never
// loses an event, but it may lose the text of its error.
//
// Its owner serialises all calls; no lock of its own.
#ifndef TIDEMARK_RUNTIME_EVENT_QUEUE_H
#define TIDEMARK_RUNTIME_EVENT_QUEUE_H

#include <cstdint>
#include <list>
#include <vector>

#include "base/result.h"
#include "core/reserve.h"
#include "core/scheduler.h"
#include "runtime/intake.h"

namespace tidemark::runtime {

struct EventNotice {
  int32_t kind = 0;  // TIDEMARK_EVENT_*
  PartitionId id{nullptr, 0};
  core::Event event;  // what the scheduler said; it wants to know the delivery of a GAP or CONFLICT only
  Error error;        // status OK: none
};

class EventQueue {
 public:
  static constexpr size_t kMostDroppable = 65'536;

  // For one push. Throws std::bad_alloc.
  void ensure(size_t events) { reserve_.ensure(events * kEventBytes); }
  void push(EventNotice notice);

  // What was decided since the last call, to be logged; nothing while that is still being done. Throws
  // std::bad_alloc, and can be called again then.
  std::vector<EventNotice> log();
  bool has_to_log() const { return !logging_ && logged_ < decided_; }
  void logged();

  bool has_to_deliver() const;
  // The oldest that was logged; one at a time: only if has_to_deliver().
  EventNotice deliver();
  void delivered() { delivering_ = false; }

  bool idle() const { return kept_.empty() && droppable_.empty() && !logging_ && !delivering_; }
  uint64_t dropped() const { return dropped_; }
  // A new run.
  void clear();

 private:
  struct Numbered {
    uint64_t number;
    EventNotice notice;
  };
  using Numbers = std::list<Numbered, core::Reserved<Numbered>>;
  static constexpr size_t kEventBytes = sizeof(Numbered) + 64;
  const Numbers& oldest() const;

  core::Reserve reserve_;
  Numbers kept_{&reserve_};       // GAP and CONFLICT
  Numbers droppable_{&reserve_};  // the rest
  uint64_t decided_ = 0;
  uint64_t logged_ = 0;  // events up to this number
  uint64_t logging_through_ = 0;
  bool logging_ = false;
  bool delivering_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_EVENT_QUEUE_H
