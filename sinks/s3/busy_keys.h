// One creator of a key at a time, for stores that cannot refuse to overwrite: looking and writing are two
// requests there, and at least the threads of one sink must not come between these.
//
// Any thread. As many keys as there are calls at once.
#ifndef TIDEMARK_SINKS_S3_BUSY_KEYS_H
#define TIDEMARK_SINKS_S3_BUSY_KEYS_H

#include <cassert>
#include <set>
#include <string>
#include <string_view>

#include "base/call.h"
#include "base/mutex.h"

namespace tidemark::sinks::s3 {

class BusyKeys {
 public:
  class Hold {
   public:
    Hold() = default;
    ~Hold() {
      if (keys_ != nullptr) keys_->leave(key_);
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // Waits until nobody else holds the key. Once in the life of a Hold.
    Status acquire(BusyKeys& keys, std::string_view key, const Call& call) {
      TM_TRY(keys.enter(key, call));
      keys_ = &keys;
      key_ = key;
      return {};
    }

   private:
    BusyKeys* keys_ = nullptr;
    std::string key_;
  };

 private:
  static constexpr uint32_t kPollMs = 100;

  Status enter(std::string_view key, const Call& call) TM_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    while (!keys_.emplace(key).second) {
      left_.wait_ms(mutex_, kPollMs);
      TM_TRY(call.check());
    }
    return {};
  }
  void leave(const std::string& key) TM_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    [[maybe_unused]] const size_t held = keys_.erase(key);
    assert(held == 1);
    left_.notify_all();
  }

  Mutex mutex_;
  CondVar left_;
  std::set<std::string> keys_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_BUSY_KEYS_H
