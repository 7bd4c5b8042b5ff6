#include "runtime/known_chains.h"

#include "store/epochs.h"

namespace tidemark::runtime {

Result<Chain> KnownChains::get(const std::shared_ptr<sink::Sink>& sink, std::string_view storage,
                               uint64_t epoch, const Call& deadline) {
  const auto now = Clock::now();
  {
    MutexLock lock(mutex_);
    const auto known = known_.find(storage);
    const bool is_it = known != known_.end() && known->second.epoch == epoch &&
                       known->second.sink.lock() == sink && now - known->second.read_at < keep_for_;
    if (is_it) return known->second.chain;
  }
  TM_ASSIGN(const auto call, deadline.next_call());
  TM_ASSIGN(Chain chain, store::read_chain(*sink, storage, epoch, &call));
  MutexLock lock(mutex_);
  if (known_.size() >= kStoragesMax) known_.clear();
  known_.insert_or_assign(std::string(storage), Known{sink, epoch, chain, now});
  return chain;
}

}  // namespace tidemark::runtime
