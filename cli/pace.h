// What threads share while they copy: how fast they may read together, and how much memory they may hold.
//
// Any thread.
#ifndef TIDEMARK_CLI_PACE_H
#define TIDEMARK_CLI_PACE_H

#include <cstdint>

#include "archive.h"
#include "base/mutex.h"
#include "base/rate_limit.h"

namespace tidemark::cli {

class Pace {
 public:
  explicit Pace(uint64_t bytes_per_second) : rate_(bytes_per_second) {}  // 0: no limit
  // So many were read: waits until more may be, or until it is stopped.
  void spend(uint64_t bytes, const Stop& stop) TM_EXCLUDES(mutex_);

 private:
  RateLimit::TimeMs ready_at(uint64_t bytes) TM_EXCLUDES(mutex_);

  Mutex mutex_;
  RateLimit rate_ TM_GUARDED_BY(mutex_);
};

// Bytes of memory, lent. Who asks for more than there is in all gets all.
class MemoryShares {
 public:
  explicit MemoryShares(uint64_t total_bytes) : total_bytes_(total_bytes), free_bytes_(total_bytes) {}

  class Share {
   public:
    Share(MemoryShares& shares, uint64_t bytes) : shares_(shares), bytes_(shares.take(bytes)) {}
    ~Share() { shares_.give_back(bytes_); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    uint64_t bytes() const { return bytes_; }

   private:
    MemoryShares& shares_;
    const uint64_t bytes_;
  };

 private:
  uint64_t take(uint64_t bytes) TM_EXCLUDES(mutex_);
  void give_back(uint64_t bytes) TM_EXCLUDES(mutex_);

  const uint64_t total_bytes_;
  Mutex mutex_;
  CondVar freed_;
  uint64_t free_bytes_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_PACE_H
