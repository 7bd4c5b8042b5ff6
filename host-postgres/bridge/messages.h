// What there is to be said, from any thread to the one that may speak: PostgreSQL's log is written by the
// main thread alone. Bounded; equal messages once a minute.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_MESSAGES_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_MESSAGES_H

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"

namespace tidemark::postgres {

struct Message {
  int32_t level = 0;  // TIDEMARK_LOG_*
  std::string text;
};

class Messages {
 public:
  static constexpr size_t kWaitingMax = 256;
  static constexpr uint64_t kAgainMs = 60'000;

  void add(int32_t level, std::string text, uint64_t now_ms) TM_EXCLUDES(mutex_);
  // The oldest; nothing: all was said.
  std::optional<Message> take() TM_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::deque<Message> waiting_ TM_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> said_ms_ TM_GUARDED_BY(mutex_);  // warnings and errors of the last minute
  uint64_t dropped_ TM_GUARDED_BY(mutex_) = 0;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_MESSAGES_H
