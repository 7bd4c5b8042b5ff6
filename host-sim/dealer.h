// Decides which entry is committed next and into which partition. A partition belongs to one committing
// thread, so that its entries are committed in order without a lock. Members with a thread's number are
// called by that thread; the others before the threads start.
#ifndef TIDEMARK_HOST_SIM_DEALER_H
#define TIDEMARK_HOST_SIM_DEALER_H

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "log_store.h"

namespace tidemark::host {

class Dealer {
 public:
  // Made-up entries: brings the partitions to `entries` in all, dealt in turn: partition p gets LSN k if
  // (k - 1) * partitions + p < entries. committed[p] are there already.
  Dealer(uint64_t entries, const std::vector<uint64_t>& committed, uint32_t threads);

  // Real files, dealt to the partitions in turn; the first goes to partition `first_partition`.
  Dealer(std::vector<std::string> files, uint64_t partitions, uint64_t first_partition, uint32_t threads);

  // How many next() will hand out to all threads together.
  uint64_t total() const { return total_; }
  std::optional<CommitRequest> next(uint32_t thread);

 private:
  struct Cursor {
    uint64_t round = 0;  // made-up: the LSN - 1 that is being dealt; files: index of the next file to look at
    uint64_t partition = 0;
  };
  uint64_t target(uint64_t partition) const;

  const uint64_t entries_ = 0;
  const std::vector<uint64_t> committed_;
  const std::vector<std::string> files_;
  const uint64_t partitions_;
  const uint64_t first_partition_ = 0;
  const uint32_t threads_;
  uint64_t total_ = 0;
  std::vector<Cursor> cursors_;
};

// Regular files below `directory` in byte order of their paths, links not followed, at most `limit`.
// `mean_bytes` is their mean size.
struct FileList {
  std::vector<std::string> paths;
  uint64_t mean_bytes = 0;
};
Result<FileList> list_files(const std::string& directory, uint64_t limit);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_DEALER_H
