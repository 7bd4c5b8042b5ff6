// The plugin's log: spdlog in front of the host's callback. No global logger, registry or thread.
//
// Any thread; nothing throws: if there is no memory for a line, one that says so is logged instead. The
// callback must be safe to call concurrently (the ABI says so). Sinks write through it too, so whoever holds
// a sink holds the Log. Every line is made clean here: whatever hosts, URLs and stores put into it, it stays
// one line.
#ifndef TIDEMARK_LOG_LOG_H
#define TIDEMARK_LOG_LOG_H

#include <tidemark/base.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"

namespace spdlog {
class logger;  // its headers are long: only log.cc reads them
}

namespace tidemark::log {

using HostLog = void (*)(void* ctx, int32_t level, tidemark_str component, tidemark_str message);

inline constexpr const char* kLineLost = "a line of the log is missing: out of memory";

// Writes lines of one component. Levels are TIDEMARK_LOG_ values. Cheap to copy; may outlive its Log. Any
// thread.
class Logger {
 public:
  explicit Logger(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

  bool takes(int32_t level) const noexcept;
  void write(int32_t level, std::string_view text) const noexcept;
  // A line whose text `make`, a callable, puts together; it is not called if nobody reads the line.
  template <typename Make>
  void line(int32_t level, Make&& make) const noexcept {
    if (!takes(level)) return;
    try {
      write(level, make());
    } catch (const std::exception&) {
      write(level, kLineLost);
    }
  }

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

class Log {
 public:
  // `level` is the lowest that is logged, a TIDEMARK_LOG_ value, or one above ERROR for none; `callback` may
  // be NULL.
  Log(HostLog callback, void* ctx, int32_t level);

  // A logger whose lines carry `component`; they all end in the same callback.
  Logger component(const std::string& name) const;

  // How many callbacks this thread is inside of right now: 0 outside, 2 if a line was written inside of one.
  size_t callbacks_here() const { return inside_->count_here(); }

 private:
  // The threads that are inside the callback, which may be the host's own. Takes no memory.
  class Inside {
   public:
    class Visit;
    size_t count_here() const;

   private:
    mutable Mutex mutex_;
    Visit* newest_ TM_GUARDED_BY(mutex_) = nullptr;
  };
  class HostSink;

  std::shared_ptr<Inside> inside_;
  std::shared_ptr<spdlog::logger> root_;
};

}  // namespace tidemark::log

#endif  // TIDEMARK_LOG_LOG_H
