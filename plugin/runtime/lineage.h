// What a run knows of the epochs that it claimed: one chain for each storage, at the sink that it was claimed
// at last. Owns the lineage file and so its lock: from start until stop.
//
// Workers, any number at once; claims of one storage are not made at the same time (core/scheduler.h).
#ifndef TIDEMARK_RUNTIME_LINEAGE_H
#define TIDEMARK_RUNTIME_LINEAGE_H

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "lineage/claim.h"
#include "lineage/lineage_file.h"
#include "lineage/watch.h"

namespace tidemark::runtime {

class Lineage {
 public:
  explicit Lineage(std::unique_ptr<lineage::LineageFile> file) : file_(std::move(file)) {}

  lineage::Claimed claim(sink::Sink& sink, const std::string& storage, const tidemark_call* call) {
    lineage::Claimed claimed = lineage::claim_epoch(sink, storage, *file_, call);
    if (claimed.trouble == lineage::Trouble::kNone) {
      const MutexLock lock(mutex_);
      claimed_[storage] = {claimed.claim, claimed.chain};
    }
    return claimed;
  }
  // What was claimed last is not this run's alone.
  Status disown(const std::string& storage, uint64_t epoch) { return file_->forget_durably(storage, epoch); }
  // Of a storage that was claimed.
  Chain chain(const std::string& storage) {
    const MutexLock lock(mutex_);
    return claimed_.at(storage).chain;
  }
  // Proves the records that its history goes back to as well, one after the other, with each look the next.
  Result<lineage::Watched> watch(sink::Sink& sink, const std::string& storage, const tidemark_call* call) {
    Own own;
    {
      const MutexLock lock(mutex_);
      Own& known = claimed_.at(storage);
      known.proven = known.chain.after(known.proven);
      if (known.proven == known.chain.newest()) known.proven = 0;
      own = known;
    }
    return lineage::watch_epochs(sink, storage, {file_->owner(), own.claim, own.chain, own.proven}, call);
  }
  // Whether a watch went well. True if the one before did not, or did.
  bool watch_ended(const std::string& storage, bool went_well) {
    const MutexLock lock(mutex_);
    return std::exchange(claimed_.at(storage).is_watched, went_well) != went_well;
  }

 private:
  const std::unique_ptr<lineage::LineageFile> file_;
  Mutex mutex_;
  struct Own {
    Id claim{};
    Chain chain;
    uint64_t proven = 0;     // the epoch whose record was last looked at; 0: all were
    bool is_watched = true;  // the last watch went well
  };
  std::map<std::string, Own> claimed_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_LINEAGE_H
