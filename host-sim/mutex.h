// Locks that clang's -Wthread-safety can check. State beside each mutex what it guards (HOST_GUARDED_BY).
#ifndef TIDEMARK_HOST_SIM_MUTEX_H
#define TIDEMARK_HOST_SIM_MUTEX_H

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define HOST_ANNOTATE(x) __attribute__((x))
#else
#define HOST_ANNOTATE(x)
#endif
#define HOST_CAPABILITY(x) HOST_ANNOTATE(capability(x))
#define HOST_SCOPED_CAPABILITY HOST_ANNOTATE(scoped_lockable)
#define HOST_GUARDED_BY(x) HOST_ANNOTATE(guarded_by(x))
#define HOST_REQUIRES(...) HOST_ANNOTATE(requires_capability(__VA_ARGS__))
#define HOST_EXCLUDES(...) HOST_ANNOTATE(locks_excluded(__VA_ARGS__))
#define HOST_ACQUIRE(...) HOST_ANNOTATE(acquire_capability(__VA_ARGS__))
#define HOST_RELEASE(...) HOST_ANNOTATE(release_capability(__VA_ARGS__))

namespace tidemark::host {

class HOST_CAPABILITY("mutex") Mutex {
 public:
  void lock() HOST_ACQUIRE() { mutex_.lock(); }
  void unlock() HOST_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class HOST_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) HOST_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() HOST_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits may wake for no reason; callers loop over their condition.
class CondVar {
 public:
  void wait(Mutex& mutex) HOST_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cond_.wait(lock);
    lock.release();
  }
  void wait_until(Mutex& mutex, std::chrono::steady_clock::time_point until) HOST_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    cond_.wait_until(lock, until);
    lock.release();
  }
  void notify_one() { cond_.notify_one(); }
  void notify_all() { cond_.notify_all(); }

 private:
  std::condition_variable cond_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_MUTEX_H
