// Which history of an archive is read back: of each storage the chain of one epoch (format/chain.h), and what
// of a partition's objects counts in it.
//
// Any thread may call every member, and several at once.
#ifndef TIDEMARK_HOST_SIM_READ_HISTORY_H
#define TIDEMARK_HOST_SIM_READ_HISTORY_H

#include <tidemark/draft/maintenance.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "format/chain.h"

namespace tidemark::host {

struct StoredArchive {
  std::string key;
  uint64_t first = 0, last = 0;  // inclusive; of what counts
};

// What an object in the sink is; `kind` is TIDEMARK_STORED_*.
struct StoredObject {
  int32_t kind = 0;
  std::string storage;
  uint64_t partition = 0;
  StoredArchive archive;
};

class ReadHistory {
 public:
  // draft NULL: the plugin knows of no epochs, and all is of the first. epoch 0: of the newest.
  ReadHistory(tidemark_archiver* archiver, const tidemark_draft_maintenance_api* draft, uint64_t epoch)
      : archiver_(archiver), draft_(draft), epoch_(epoch) {}

  // Of one partition, in the order of keys: what counts, by the last LSN that does. An error if something is
  // of an epoch without a record.
  Result<std::vector<StoredObject>> cut(std::vector<StoredObject> objects) const TM_EXCLUDES(mutex_);

 private:
  struct Lineage {
    std::map<uint64_t, uint64_t> parents;
    Chain chain;
  };
  Result<Lineage> lineage(const std::string& storage) const TM_EXCLUDES(mutex_);
  Result<Lineage> read(const std::string& storage) const;
  Result<std::vector<std::string>> list_records(const std::string& storage) const;
  Result<uint64_t> read_parent(const std::string& key) const;

  tidemark_archiver* const archiver_;
  const tidemark_draft_maintenance_api* const draft_;
  const uint64_t epoch_;
  mutable Mutex mutex_;
  mutable std::map<std::string, Lineage> known_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_READ_HISTORY_H
