#include "read_history.h"

#include <algorithm>
#include <utility>

#include "format/object_name.h"
#include "plugin.h"
#include "try_often.h"

namespace tidemark::host {

Result<std::vector<std::string>> ReadHistory::list_records(const std::string& storage) const {
  std::vector<std::string> keys;
  const auto keep = [](void* ctx, const tidemark_stored* stored) -> int32_t {
    if (stored->kind == TIDEMARK_STORED_EPOCH)
      static_cast<std::vector<std::string>*>(ctx)->emplace_back(view(stored->key));
    return 0;
  };
  const std::string folder = storage + "/epoch/";
  const tidemark_str folders[] = {abi_str(folder)};
  const tidemark_call call = fresh_call();
  tidemark_error error;
  const tidemark_status status = try_often(
      [&](tidemark_error* why) {
        keys.clear();
        return draft_->scan_folders(archiver_, folders, 1, abi_str(""), keep, &keys, &call, why);
      },
      error);
  if (status != TIDEMARK_OK) return fail("cannot list " + folder + ": " + status_text(status, &error));
  return keys;
}

Result<uint64_t> ReadHistory::read_parent(const std::string& key) const {
  uint64_t parent = 0;
  const auto keep = [](void* ctx, const tidemark_epoch* epoch) {
    *static_cast<uint64_t*>(ctx) = epoch->parent;
  };
  const tidemark_call call = fresh_call();
  tidemark_error error;
  const tidemark_status status = try_often(
      [&](tidemark_error* why) {
        return draft_->read_epoch(archiver_, abi_str(key), keep, &parent, &call, why);
      },
      error);
  if (status != TIDEMARK_OK) return fail("cannot rely on " + key + ": " + status_text(status, &error));
  return parent;
}

Result<ReadHistory::Lineage> ReadHistory::read(const std::string& storage) const {
  Lineage lineage;
  TM_ASSIGN(const auto keys, list_records(storage));
  for (const std::string& key : keys) {
    const auto parsed = parse_object_key(key);
    if (!parsed) continue;
    TM_ASSIGN(lineage.parents[parsed->name.epoch], read_parent(key));
  }
  // What was written without a record is of the first epoch, which continues nothing.
  lineage.parents.emplace(kFirstEpoch, 0);
  std::string problem;
  const auto chain =
      Chain::of(epoch_ > 0 ? epoch_ : lineage.parents.rbegin()->first, lineage.parents, &problem);
  if (!chain) return fail(storage + ": " + problem);
  lineage.chain = *chain;
  return lineage;
}

Result<ReadHistory::Lineage> ReadHistory::lineage(const std::string& storage) const {
  {
    MutexLock lock(mutex_);
    if (const auto known = known_.find(storage); known != known_.end()) return known->second;
  }
  TM_ASSIGN(Lineage lineage, read(storage));
  MutexLock lock(mutex_);
  return known_.emplace(storage, std::move(lineage)).first->second;
}

Result<std::vector<StoredObject>> ReadHistory::cut(std::vector<StoredObject> objects) const {
  if (draft_ == nullptr || objects.empty()) return objects;
  std::vector<StoredObject> kept;
  TM_ASSIGN(const Lineage known, lineage(objects.front().storage));
  std::string stranger;
  const auto visit = [&](StoredObject object, const ParsedName& name, const std::optional<Range>& part) {
    if (part) {
      object.archive.first = part->first;
      object.archive.last = part->last;
      kept.push_back(std::move(object));
    } else if (name.kind != ObjectKind::kPruned && known.parents.count(name.epoch) == 0) {
      stranger = object.archive.key + ": epoch " + std::to_string(name.epoch) + " has no record; copy " +
                 object.storage + "/epoch/ too";
    }
    return stranger.empty();
  };
  ChainCut<StoredObject> cut(known.chain);
  for (StoredObject& object : objects) {
    const auto parsed = parse_object_key(object.archive.key);
    if (parsed && !cut.add(parsed->name, std::move(object), visit)) break;
  }
  cut.finish(visit);
  if (!stranger.empty()) return fail(stranger);
  std::stable_sort(kept.begin(), kept.end(), [](const StoredObject& a, const StoredObject& b) {
    return a.archive.last < b.archive.last;
  });
  return kept;
}

}  // namespace tidemark::host
