// The histories of storages that were read back from, kept for a moment: one that restores entry after entry
// does not list the epochs for each.
//
// Any thread.
#ifndef TIDEMARK_RUNTIME_KNOWN_CHAINS_H
#define TIDEMARK_RUNTIME_KNOWN_CHAINS_H

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/call.h"
#include "base/mutex.h"
#include "base/result.h"
#include "format/chain.h"
#include "sink/sink.h"

namespace tidemark::runtime {

class KnownChains {
 public:
  explicit KnownChains(std::chrono::milliseconds keep_for) : keep_for_(keep_for) {}

  // As store::read_chain() gives it, not longer ago than it is kept. Two threads may ask at the same time.
  Result<Chain> get(const std::shared_ptr<sink::Sink>& sink, std::string_view storage, uint64_t epoch,
                    const Call& deadline) TM_EXCLUDES(mutex_);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kStoragesMax = 1000;
  struct Known {
    std::weak_ptr<sink::Sink> sink;
    uint64_t epoch = 0;  // that was asked for
    Chain chain;
    Clock::time_point read_at;
  };

  const std::chrono::milliseconds keep_for_;
  Mutex mutex_;
  std::map<std::string, Known, std::less<>> known_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_KNOWN_CHAINS_H
