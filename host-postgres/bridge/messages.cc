#include "bridge/messages.h"

#include <tidemark/base.h>

#include <utility>

namespace tidemark::postgres {

void Messages::add(int32_t level, std::string text, uint64_t now_ms) {
  MutexLock lock(mutex_);
  std::erase_if(said_ms_, [now_ms](const auto& said) { return now_ms - said.second >= kAgainMs; });
  if (level >= TIDEMARK_LOG_WARN) {
    if (said_ms_.count(text) != 0) return;
    if (said_ms_.size() < kWaitingMax) said_ms_.emplace(text, now_ms);
  }
  if (waiting_.size() >= kWaitingMax) {
    ++dropped_;
    return;
  }
  waiting_.push_back({level, std::move(text)});
}

std::optional<Message> Messages::take() {
  MutexLock lock(mutex_);
  if (!waiting_.empty()) {
    Message oldest = std::move(waiting_.front());
    waiting_.pop_front();
    return oldest;
  }
  if (dropped_ == 0) return std::nullopt;
  return Message{TIDEMARK_LOG_WARN,
                 std::to_string(std::exchange(dropped_, 0)) + " messages were dropped: there were too many"};
}

}  // namespace tidemark::postgres
