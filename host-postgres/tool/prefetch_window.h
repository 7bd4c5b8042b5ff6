// Which segments a helper brings next: so many at most that the server has not taken yet. It slides as the
// server takes one after the other, and is over when one cannot be brought, when nothing was taken for a
// while, or when the helper is not wanted any more.
//
// Any thread. The callbacks run under its lock and must not call it.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_PREFETCH_WINDOW_H
#define TIDEMARK_HOST_POSTGRES_TOOL_PREFETCH_WINDOW_H

#include <cstdint>
#include <functional>
#include <optional>
#include <set>

#include "base/mutex.h"

namespace tidemark::postgres {

class PrefetchWindow {
 public:
  struct Callbacks {
    std::function<bool(uint64_t)> is_there;  // whether the segment lies in the spool, not taken yet
    std::function<bool()> is_wanted;
    std::function<void(uint64_t first, uint64_t last)> announce;  // what the helper has or is about to bring
  };
  // `count` segments from `first` on; `idle_ms` without a taken one end it.
  PrefetchWindow(uint64_t first, uint64_t count, uint64_t idle_ms, Callbacks callbacks);

  // The next one to bring; waits while enough lie there. Nothing: it is over.
  std::optional<uint64_t> next() TM_EXCLUDES(mutex_);
  // That one lies in the spool.
  void brought(uint64_t segment) TM_EXCLUDES(mutex_);
  // One cannot be brought: nothing after it is of use.
  void end() TM_EXCLUDES(mutex_);

 private:
  void note_taken() TM_REQUIRES(mutex_);
  void end_it() TM_REQUIRES(mutex_);

  const uint64_t count_, idle_ms_;
  const Callbacks callbacks_;
  Mutex mutex_;
  CondVar changed_;
  uint64_t first_ TM_GUARDED_BY(mutex_);              // the lowest that was not taken
  uint64_t next_ TM_GUARDED_BY(mutex_);               // all before it are brought or under way
  std::set<uint64_t> brought_ TM_GUARDED_BY(mutex_);  // from first_ on
  uint64_t moved_ms_ TM_GUARDED_BY(mutex_);
  bool is_over_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_PREFETCH_WINDOW_H
