#include "archive_list.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "format/object_name.h"

namespace tidemark::cli {

void ArchiveList::add(const Stored& archive) {
  assert(archive.kind == TIDEMARK_STORED_ARCHIVE);
  if (!has_all_) return;
  uint64_t room = room_.load();
  while (room > 0 && !room_.compare_exchange_weak(room, room - 1)) {
  }
  if (room > 0) {
    const auto key = parse_object_key(archive.key);
    const Run run{known_.size(), archive.epoch, archive.coding, key ? key->name.begun : kNoLsn};
    if (runs_.empty() || !runs_.back().continues(run)) runs_.push_back(run);
    if (archive.name_last != 0) name_lasts_[known_.size()] = archive.name_last;
    known_.push_back({archive.first, archive.last, archive.size_bytes});
    return;
  }
  clear();
  has_all_ = false;
}

void ArchiveList::clear() {
  room_ += known_.size();
  known_.clear();
  runs_.clear();
  name_lasts_.clear();
}

void ArchiveList::each(uint64_t from, const std::function<bool(const Stored&)>& visit) const {
  assert(has_all_);
  const auto found = std::lower_bound(known_.begin(), known_.end(), from,
                                      [](const Known& known, uint64_t lsn) { return known.last < lsn; });
  auto run = runs_.begin();
  for (auto index = static_cast<size_t>(found - known_.begin()); index < known_.size(); ++index) {
    while (std::next(run) != runs_.end() && std::next(run)->begin <= index) ++run;
    const Known& known = known_[index];
    Stored stored{TIDEMARK_STORED_ARCHIVE,
                  partition_.storage,
                  *partition_.partition,
                  known.first,
                  known.last,
                  known.size_bytes,
                  0,
                  {},
                  run->epoch,
                  run->coding};
    if (const auto cut = name_lasts_.find(index); cut != name_lasts_.end()) stored.name_last = cut->second;
    // An epoch of 0 is that of who knows of none.
    const ParsedName name{{stored.first, whole_last(stored)},
                          ObjectKind::kArchive,
                          std::max(run->epoch, kFirstEpoch),
                          Coding::kNone,
                          run->begun};
    stored.key = object_key(partition_.storage, *partition_.partition, name) + run->coding;
    if (!visit(stored)) return;
  }
}

}  // namespace tidemark::cli
