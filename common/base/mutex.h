// Locks that clang's -Wthread-safety can check. State beside each mutex what it guards (TM_GUARDED_BY).
#ifndef TIDEMARK_COMMON_BASE_MUTEX_H
#define TIDEMARK_COMMON_BASE_MUTEX_H

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#if defined(__clang__)
#define TM_ANNOTATE(x) __attribute__((x))
#else
#define TM_ANNOTATE(x)
#endif
#define TM_CAPABILITY(x) TM_ANNOTATE(capability(x))
#define TM_SCOPED_CAPABILITY TM_ANNOTATE(scoped_lockable)
#define TM_GUARDED_BY(x) TM_ANNOTATE(guarded_by(x))
#define TM_REQUIRES(...) TM_ANNOTATE(requires_capability(__VA_ARGS__))
#define TM_EXCLUDES(...) TM_ANNOTATE(locks_excluded(__VA_ARGS__))
#define TM_ACQUIRE(...) TM_ANNOTATE(acquire_capability(__VA_ARGS__))
#define TM_RELEASE(...) TM_ANNOTATE(release_capability(__VA_ARGS__))

namespace tidemark {

class TM_CAPABILITY("mutex") Mutex {
 public:
  void lock() TM_ACQUIRE() { mutex_.lock(); }
  void unlock() TM_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class TM_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TM_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() TM_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits may wake for no reason; callers loop over their condition.
class CondVar {
 public:
  void wait(Mutex& mutex) TM_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cond_.wait(lock);
    lock.release();
  }
  void wait_until(Mutex& mutex, std::chrono::steady_clock::time_point until) TM_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cond_.wait_until(lock, until);
    lock.release();
  }
  void wait_ms(Mutex& mutex, uint32_t timeout_ms) TM_REQUIRES(mutex) {
    wait_until(mutex, std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms));
  }
  void notify_one() { cond_.notify_one(); }
  void notify_all() { cond_.notify_all(); }

 private:
  std::condition_variable cond_;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_MUTEX_H
