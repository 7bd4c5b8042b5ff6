#include "entry_stored.h"

#include <tidemark/draft/maintenance.h>

#include "base/guard.h"

namespace tidemark {
namespace {

int32_t abi_kind(store::FolderKind kind) {
  switch (kind) {
    case store::FolderKind::kStorage:
      return TIDEMARK_STORED_STORAGE;
    case store::FolderKind::kPartition:
      return TIDEMARK_STORED_PARTITION;
    default:
      return TIDEMARK_STORED_FOLDER;
  }
}

tidemark_stored abi_stored(const store::StoredInfo& info) {
  tidemark_stored stored = {};
  stored.struct_size = sizeof stored;
  stored.kind = info.name ? abi_kind(info.name->kind) : TIDEMARK_STORED_FOREIGN;
  if (info.is_irregular) stored.kind = TIDEMARK_STORED_IRREGULAR;
  if (info.folder_kind != store::FolderKind::kNone) stored.kind = abi_kind(info.folder_kind);
  if (info.folder_kind == store::FolderKind::kStorage)
    stored.partition.storage = abi_str(info.key.substr(0, info.key.size() - 1));
  if (info.folder) stored.partition = {abi_str(info.folder->storage), info.folder->partition};
  if (info.name) {
    stored.first = info.name->range.first;
    stored.last = info.name->range.last;
    stored.epoch = info.name->epoch;
    stored.coding = abi_str(coding_suffix(info.name->coding));
  }
  stored.size_bytes = info.size_bytes;
  stored.modified_us = info.modified_us;
  stored.key = abi_str(info.key);
  return stored;
}

}  // namespace

int32_t abi_kind(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kArchive:
      return TIDEMARK_STORED_ARCHIVE;
    case ObjectKind::kGap:
      return TIDEMARK_STORED_GAP;
    case ObjectKind::kAccepted:
      return TIDEMARK_STORED_ACCEPTED;
    case ObjectKind::kPruned:
      return TIDEMARK_STORED_PRUNED;
    case ObjectKind::kOrigin:
      return TIDEMARK_STORED_ORIGIN;
    case ObjectKind::kEpoch:
      return TIDEMARK_STORED_EPOCH;
  }
  return TIDEMARK_STORED_FOREIGN;
}

std::function<bool(const store::StoredInfo&)> stored_visitor(VisitStored visit, void* ctx) {
  if (visit == nullptr) return {};
  return [visit, ctx](const store::StoredInfo& info) {
    const tidemark_stored stored = abi_stored(info);
    return visit(ctx, &stored) == 0;
  };
}

store::Progress progress_reporter(ReportProgress report, void* ctx) {
  if (report == nullptr) return {};
  return [report, ctx](uint64_t read_bytes) { report(ctx, read_bytes); };
}

}  // namespace tidemark
