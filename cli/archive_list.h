// The archives of one partition as one history has them, so that one listing is enough: 24 bytes for each,
// and a little for each change of epoch or coding.
//
// All lists of a run share a limit (kMostRemembered). Where it is reached the list says that it does not have
// all, and its owner lists again. One thread at a time; the shared limit is for any.
#ifndef TIDEMARK_CLI_ARCHIVE_LIST_H
#define TIDEMARK_CLI_ARCHIVE_LIST_H

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "archive.h"

namespace tidemark::cli {

inline constexpr uint64_t kMostRemembered = 20'000'000;  // archives of one run: 480 MB
using ListingRoom = std::atomic<uint64_t>;               // how many more may be remembered

class ArchiveList {
 public:
  // `partition` is one partition.
  ArchiveList(Scope partition, ListingRoom& room) : partition_(std::move(partition)), room_(room) {}
  ~ArchiveList() { clear(); }
  ArchiveList(const ArchiveList&) = delete;
  ArchiveList& operator=(const ArchiveList&) = delete;

  // As Histories gives them, by the last LSN that counts.
  void add(const Stored& archive);
  bool has_all() const { return has_all_; }
  // Those that reach `from` or lie after it, in order, until `visit` returns false. The sink's time is not
  // kept. Only if it has all.
  void each(uint64_t from, const std::function<bool(const Stored&)>& visit) const;
  void clear();

 private:
  struct Known {
    uint64_t first, last, size_bytes;
  };
  // Those from an index on are of this epoch and coding, and of an epoch that began there.
  struct Run {
    size_t begin;
    uint64_t epoch;
    std::string coding;
    uint64_t begun;  // of their names
    bool continues(const Run& other) const {
      return epoch == other.epoch && coding == other.coding && begun == other.begun;
    }
  };
  const Scope partition_;
  ListingRoom& room_;
  bool has_all_ = true;
  std::deque<Known> known_;                // grows without copying what is there
  std::vector<Run> runs_;                  // ascending, the first begins with 0
  std::map<size_t, uint64_t> name_lasts_;  // of those that a newer epoch has cut
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_ARCHIVE_LIST_H
