// Checks arguments and hands on to store/, inside the guard; nothing else.
#include "entry_maintain.h"

#include "base/wall_clock.h"
#include "entry_checks.h"
#include "store/maintain.h"

namespace tidemark {
namespace {

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
  }
  return TIDEMARK_STORED_FOREIGN;
}

tidemark_stored abi_stored(const store::StoredInfo& info) {
  tidemark_stored stored = {};
  stored.struct_size = sizeof stored;
  stored.kind = info.name ? abi_kind(info.name->kind) : TIDEMARK_STORED_FOREIGN;
  if (info.folder) stored.partition = {abi_str(info.folder->storage), info.folder->partition};
  if (info.name) {
    stored.first = info.name->range.first;
    stored.last = info.name->range.last;
  }
  stored.size_bytes = info.size_bytes;
  stored.modified_us = info.modified_us;
  stored.key = abi_str(info.key);
  return stored;
}

using VisitStored = int32_t (*)(void* ctx, const tidemark_stored*);

std::function<bool(const store::StoredInfo&)> stored_visitor(VisitStored visit, void* ctx) {
  if (visit == nullptr) return {};
  return [visit, ctx](const store::StoredInfo& info) {
    const tidemark_stored stored = abi_stored(info);
    return visit(ctx, &stored) == 0;
  };
}

tidemark_status scan(tidemark_archiver* archiver, tidemark_str storage, const uint64_t* partition,
                     tidemark_lsn from, VisitStored visit, void* visit_ctx, const tidemark_call* call,
                     tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(storage, "storage"));
    if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "visit is NULL");
    TM_ASSIGN(const auto sink, archiver->sink());
    const auto wanted = partition == nullptr ? std::nullopt : std::optional<uint64_t>(*partition);
    return store::scan(*sink, view(storage), wanted, from, stored_visitor(visit, visit_ctx), call);
  });
}

tidemark_status check(tidemark_archiver* archiver, tidemark_str key,
                      int32_t (*visit)(void* ctx, const tidemark_checked_entry*), void* visit_ctx,
                      uint64_t* read_bytes, const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    TM_ASSIGN(const auto sink, archiver->sink());
    std::function<bool(const store::CheckedEntry&)> visit_entry;
    if (visit != nullptr) {
      visit_entry = [&](const store::CheckedEntry& entry) {
        const tidemark_checked_entry checked = {sizeof checked, 0, entry.lsn, entry.size_bytes,
                                                entry.sha256.data()};
        return visit(visit_ctx, &checked) == 0;
      };
    }
    return store::check(*sink, view(key), visit_entry, read_bytes, call);
  });
}

tidemark_status unpack(tidemark_archiver* archiver, tidemark_str key, tidemark_lsn first, tidemark_lsn last,
                       tidemark_str directory, int32_t (*ready)(void* ctx),
                       int32_t (*visit)(void* ctx, tidemark_lsn), void* visit_ctx, uint64_t* read_bytes,
                       const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    TM_TRY(check_range(first, last));
    TM_TRY(check_directory(directory));
    TM_ASSIGN(const auto sink, archiver->sink());
    store::Unpacking what = {view(key), {first, last}, view(directory), {}, read_bytes};
    if (ready != nullptr) what.ready = [&] { return ready(visit_ctx) == 0; };
    Range restored;
    Status status = store::unpack(*sink, what, &restored, call);
    if (visit == nullptr || restored.first == kNoLsn) return status;
    for (Lsn lsn = restored.first; visit(visit_ctx, lsn) == 0 && lsn != restored.last; ++lsn) {
    }
    return status;
  });
}

tidemark_status read_record(tidemark_archiver* archiver, tidemark_str key,
                            void (*visit)(void* ctx, const tidemark_record*), void* visit_ctx,
                            const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "visit is NULL");
    TM_ASSIGN(const auto sink, archiver->sink());
    TM_ASSIGN(const auto record, store::read_record(*sink, view(key), call));
    const auto parsed = parse_object_key(view(key));
    const tidemark_record out = {sizeof out,
                                 abi_kind(record.kind),
                                 {abi_str(parsed->storage), parsed->partition},
                                 parsed->name.range.first,
                                 parsed->name.range.last,
                                 record.made_us,
                                 abi_str(record.reason)};
    visit(visit_ctx, &out);
    return {};
  });
}

tidemark_status accept_gap(tidemark_archiver* archiver, const tidemark_partition* partition,
                           tidemark_lsn first, tidemark_lsn last, tidemark_str reason,
                           const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_name(partition));
    TM_TRY(check_range(first, last));
    TM_TRY(check_text(reason, "reason"));
    TM_ASSIGN(const auto sink, archiver->writable_sink());
    return store::accept_gap(*sink, view(partition->storage), partition->id, {first, last}, view(reason),
                             wall_clock_us(), call);
  });
}

tidemark_status prune(tidemark_archiver* archiver, const tidemark_partition* partition, tidemark_lsn before,
                      int32_t dry_run, VisitStored visit, void* visit_ctx, const tidemark_call* call,
                      tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_name(partition));
    if (before == kNoLsn) return fail(TIDEMARK_E_INVALID, "before is 0: the first LSN is 1");
    TM_ASSIGN(const auto sink, dry_run != 0 ? archiver->sink() : archiver->writable_sink());
    const store::Pruning what = {view(partition->storage), partition->id, before, dry_run != 0,
                                 wall_clock_us()};
    return store::prune(*sink, what, stored_visitor(visit, visit_ctx), call);
  });
}

constexpr tidemark_maintain_api kMaintain = {sizeof kMaintain, 0,           scan,       check,
                                             unpack,           read_record, accept_gap, prune};

}  // namespace

const tidemark_maintain_api* maintain_table() { return &kMaintain; }

}  // namespace tidemark
