#include "archive_list.h"

#include <algorithm>
#include <cassert>

#include "format/object_name.h"

namespace tidemark::cli {

void ArchiveList::add(const Stored& archive) {
  assert(archive.kind == TIDEMARK_STORED_ARCHIVE);
  if (!has_all_) return;
  uint64_t room = room_.load();
  while (room > 0 && !room_.compare_exchange_weak(room, room - 1)) {
  }
  if (room > 0) {
    known_.push_back({archive.first, archive.last, archive.size_bytes});
    return;
  }
  clear();
  has_all_ = false;
}

void ArchiveList::clear() {
  room_ += known_.size();
  known_.clear();
}

void ArchiveList::each(uint64_t from, const std::function<bool(const Stored&)>& visit) const {
  assert(has_all_);
  auto at = std::lower_bound(known_.begin(), known_.end(), from,
                             [](const Known& known, uint64_t lsn) { return known.last < lsn; });
  for (; at != known_.end(); ++at) {
    const std::string key =
        object_key(partition_.storage, *partition_.partition, {at->first, at->last}, ObjectKind::kArchive);
    if (!visit({TIDEMARK_STORED_ARCHIVE, partition_.storage, *partition_.partition, at->first, at->last,
                at->size_bytes, 0, key})) {
      return;
    }
  }
}

}  // namespace tidemark::cli
