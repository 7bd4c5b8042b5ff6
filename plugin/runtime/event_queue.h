// Events on their way from the scheduler to the host: each is first counted and logged, then, one at a time,
// given to the host's callback.
//
//   push -> (decided: log() ... logged()) -> (deliver() ... delivered())
//
// Logging does not wait for a callback that takes long, so that what was decided is known whatever happens.
// GAP and CONFLICT are never dropped: the scheduler has at most one of each on its way for a partition. Of
// the other kinds the oldest are dropped, and counted, when more than kMostDroppable wait.
//
// Its owner serialises all calls; no lock of its own.
#ifndef TIDEMARK_RUNTIME_EVENT_QUEUE_H
#define TIDEMARK_RUNTIME_EVENT_QUEUE_H

#include <cstdint>
#include <deque>
#include <vector>

#include "core/scheduler.h"
#include "runtime/intake.h"
#include "util/result.h"

namespace tidemark::runtime {

struct EventNotice {
  int32_t kind = 0;  // TIDEMARK_EVENT_*
  PartitionId id{nullptr, 0};
  core::Event
      event;    // what the scheduler said; only of a GAP or CONFLICT it wants to hear that it was delivered
  Error error;  // status OK: none
};

class EventQueue {
 public:
  static constexpr size_t kMostDroppable = 65'536;

  void push(EventNotice notice);

  // What was decided since the last call, to be logged; nothing while that is still being done.
  std::vector<EventNotice> log();
  bool has_to_log() const { return !logging_ && logged_ < decided_; }
  void logged();

  bool has_to_deliver() const;
  // The oldest that was logged; one at a time: only if has_to_deliver().
  EventNotice deliver();
  void delivered() { delivering_ = false; }

  bool idle() const { return kept_.empty() && droppable_.empty() && !logging_ && !delivering_; }
  uint64_t dropped() const { return dropped_; }

 private:
  struct Numbered {
    uint64_t number;
    EventNotice notice;
  };
  using Numbers = std::deque<Numbered>;
  const Numbers& oldest() const;

  Numbers kept_;       // GAP and CONFLICT
  Numbers droppable_;  // the rest
  uint64_t decided_ = 0;
  uint64_t logged_ = 0;  // events up to this number
  uint64_t logging_through_ = 0;
  bool logging_ = false;
  bool delivering_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_EVENT_QUEUE_H
