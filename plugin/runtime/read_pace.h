// How fast archives that are there already are read to be compared, over all workers: after a restart a host
// may lend a million of them.
//
// Nobody waits here: a worker that waited could not archive new entries meanwhile. A job that may not read
// yet ends, and gets the time when its turn comes, one after the other. A read may begin while the bucket,
// which holds what a second allows, is not empty, and is paid for when it has ended; so a large archive
// leaves a debt, and in the long run the rate is kept.
//
// Any thread.
#ifndef TIDEMARK_RUNTIME_READ_PACE_H
#define TIDEMARK_RUNTIME_READ_PACE_H

#include <cstdint>

#include "base/mutex.h"
#include "base/rate_limit.h"
#include "core/types.h"

namespace tidemark::runtime {

class ReadPace {
 public:
  static constexpr uint32_t kLongestMs = 300'000;  // then whoever was sent away asks again

  // 0: no limit.
  explicit ReadPace(uint64_t bytes_per_second)
      : bytes_per_second_(bytes_per_second), rate_(bytes_per_second) {}

  // 0: read now. Else: not before so many milliseconds have passed.
  uint32_t ask(core::TimeMs now) TM_EXCLUDES(mutex_);
  // That much was read.
  void pay(uint64_t bytes, core::TimeMs now) TM_EXCLUDES(mutex_);

 private:
  const uint64_t bytes_per_second_;
  Mutex mutex_;
  RateLimit rate_ TM_GUARDED_BY(mutex_);
  uint64_t average_bytes_ TM_GUARDED_BY(mutex_) = 0;  // of the last reads
  int64_t next_turn_us_ TM_GUARDED_BY(mutex_) = 0;    // of the next who is sent away
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_READ_PACE_H
