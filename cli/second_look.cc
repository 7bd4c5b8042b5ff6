#include "second_look.h"

#include <algorithm>
#include <vector>

namespace tidemark::cli {

Result<bool> SecondLook::is_listed(const Stored& stored, Stop& stop) {
  bool is_listed = false;
  const auto visit = [&](const Stored& other) {
    is_listed = other.key == stored.key;
    return other.key < stored.key;
  };
  TM_TRY(archive_.scan({stored.storage, stored.partition}, stored.last, visit, stop));
  return is_listed;
}

Result<uint64_t> SecondLook::pruned_through(const Stored& stored, Stop& stop) {
  const std::string name = partition_text(stored.storage, stored.partition);
  {
    MutexLock lock(mutex_);
    if (const auto known = pruned_through_.find(name); known != pruned_through_.end()) return known->second;
  }
  std::vector<Stored> records;
  const auto visit = [&](const Stored& other) {
    if (other.kind == TIDEMARK_STORED_PRUNED) records.push_back(other);
    return true;
  };
  TM_TRY(archive_.scan({stored.storage, stored.partition}, 0, visit, stop));
  uint64_t through = 0;
  for (const Stored& record : records) {
    const auto read = archive_.read_record(record.key, stop);
    if (read) {
      through = std::max(through, record.last);
    } else if (read.error().status != TIDEMARK_E_CORRUPT && read.error().status != TIDEMARK_E_NOT_FOUND) {
      return read.error();  // a sink that does not answer is not a record that is damaged
    }
  }
  MutexLock lock(mutex_);
  pruned_through_[name] = through;
  return through;
}

Result<bool> SecondLook::was_removed(const Stored& stored, Stop& stop) {
  TM_ASSIGN(const bool is_there, is_listed(stored, stop));
  if (!is_there) return true;
  TM_ASSIGN(const uint64_t through, pruned_through(stored, stop));
  return stored.last <= through;
}

}  // namespace tidemark::cli
