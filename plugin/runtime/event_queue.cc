#include "runtime/event_queue.h"

#include <tidemark/archiver.h>

#include <algorithm>
#include <utility>

namespace tidemark::runtime {

void EventQueue::push(EventNotice notice) {
  const bool is_kept = notice.kind == TIDEMARK_EVENT_GAP || notice.kind == TIDEMARK_EVENT_CONFLICT;
  (is_kept ? kept_ : droppable_).push_back({++decided_, std::move(notice)});
  if (droppable_.size() <= kMostDroppable) return;
  droppable_.pop_front();
  ++dropped_;
}

std::vector<EventNotice> EventQueue::log() {
  std::vector<const Numbered*> found;
  for (const Numbers* queue : {&kept_, &droppable_}) {
    for (auto at = queue->rbegin(); at != queue->rend() && at->number > logged_; ++at) found.push_back(&*at);
  }
  std::sort(found.begin(), found.end(),
            [](const Numbered* a, const Numbered* b) { return a->number < b->number; });
  std::vector<EventNotice> notices;
  notices.reserve(found.size());
  for (const Numbered* event : found) notices.push_back(event->notice);
  logging_ = true;
  logging_through_ = decided_;
  return notices;
}

void EventQueue::logged() {
  logging_ = false;
  logged_ = logging_through_;
}

const EventQueue::Numbers& EventQueue::oldest() const {
  if (kept_.empty() || droppable_.empty()) return kept_.empty() ? droppable_ : kept_;
  return kept_.front().number < droppable_.front().number ? kept_ : droppable_;
}

bool EventQueue::has_to_deliver() const {
  const Numbers& queue = oldest();
  return !delivering_ && !queue.empty() && queue.front().number <= logged_;
}

void EventQueue::clear() {
  kept_.clear();
  droppable_.clear();
  decided_ = logged_ = logging_through_ = 0;
  logging_ = delivering_ = false;
  dropped_ = 0;
}

EventNotice EventQueue::deliver() {
  Numbers& queue = &oldest() == &kept_ ? kept_ : droppable_;
  EventNotice notice = std::move(queue.front().notice);
  queue.pop_front();
  delivering_ = true;
  return notice;
}

}  // namespace tidemark::runtime
