// Wakes one sleeping worker, and costs next to nothing when none sleeps.
//
// No ring is lost if both sides keep this order: a sleeper first calls prepare(), then looks once more
// whether there is work, and only then calls wait(); who brings work first makes it visible, then rings. Any
// thread.
#ifndef TIDEMARK_RUNTIME_DOORBELL_H
#define TIDEMARK_RUNTIME_DOORBELL_H

#include <atomic>
#include <cstdint>

#include "base/mutex.h"

namespace tidemark::runtime {

class Doorbell {
 public:
  void prepare() { sleepers_.fetch_add(1); }
  void cancel() { sleepers_.fetch_sub(1); }
  // After prepare(): returns once rung. A ring meant for a sleeper that cancelled is harmless: the next
  // one wakes, finds nothing and sleeps again.
  void wait() TM_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      while (rings_ == 0) cond_.wait(mutex_);
      --rings_;
    }
    sleepers_.fetch_sub(1);
  }

  void ring() TM_EXCLUDES(mutex_) {
    if (sleepers_.load() == 0) return;
    {
      const MutexLock lock(mutex_);
      if (rings_ < sleepers_.load()) ++rings_;
    }
    cond_.notify_one();
  }
  void ring_all() TM_EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      rings_ = sleepers_.load();
    }
    cond_.notify_all();
  }

 private:
  std::atomic<uint32_t> sleepers_{0};
  Mutex mutex_;
  CondVar cond_;
  uint32_t rings_ TM_GUARDED_BY(mutex_) = 0;
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_DOORBELL_H
