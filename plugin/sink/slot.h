// The sink that takes new jobs. Swapping it never disturbs who still holds the old one.
//
// Any thread. Whoever drops the last reference to a swapped-out sink closes it.
#ifndef TIDEMARK_SINK_SLOT_H
#define TIDEMARK_SINK_SLOT_H

#include <memory>
#include <utility>

#include "base/mutex.h"
#include "sink/sink.h"

namespace tidemark::sink {

class Slot {
 public:
  std::shared_ptr<Sink> get() {
    const MutexLock lock(mutex_);
    return sink_;
  }
  // Returns the old one.
  std::shared_ptr<Sink> swap(std::shared_ptr<Sink> sink) {
    const MutexLock lock(mutex_);
    return std::exchange(sink_, std::move(sink));
  }

 private:
  Mutex mutex_;
  std::shared_ptr<Sink> sink_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::sink

#endif  // TIDEMARK_SINK_SLOT_H
