// Checks arguments and calls store/, inside the guard; nothing else.
#include "entry_readback.h"

#include "entry_checks.h"
#include "format/object_name.h"
#include "store/store.h"

namespace tidemark {
namespace {

tidemark_status list(tidemark_archiver* archiver, const tidemark_partition* partition, tidemark_lsn from,
                     int32_t (*visit)(void* ctx, const tidemark_archive*), void* visit_ctx,
                     const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_name(partition));
    if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "visit is NULL");
    TM_ASSIGN(const auto sink, archiver->sink());
    const auto visit_archive = [&](const store::ArchiveInfo& info) {
      if (info.kind != ObjectKind::kArchive) return true;
      const tidemark_archive archive = {
          sizeof archive,   0, info.range.first, info.range.last, info.size_bytes, info.modified_us,
          abi_str(info.key)};
      return visit(visit_ctx, &archive) == 0;
    };
    return store::list(*sink, view(partition->storage), partition->id, from, visit_archive, call);
  });
}

tidemark_status fetch(tidemark_archiver* archiver, tidemark_str key, const tidemark_writer* out,
                      const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(need_writer(out));
    TM_TRY(check_text(key, "key"));
    TM_ASSIGN(const auto sink, archiver->sink());
    return store::fetch(*sink, view(key), archiver->keys(), *out, call);
  });
}

tidemark_status restore(tidemark_archiver* archiver, const tidemark_partition* partition, tidemark_lsn lsn,
                        tidemark_str directory, const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_name(partition));
    if (lsn == kNoLsn) return fail(TIDEMARK_E_INVALID, "lsn is 0: the first LSN is 1");
    TM_TRY(check_directory(directory));
    const auto restored =
        archiver->restore(view(partition->storage), partition->id, lsn, view(directory), call);
    if (!restored) return restored.error();
    for (const Error& damaged : restored->damaged) archiver->warn(damaged.message);
    return {};
  });
}

constexpr tidemark_readback_api kReadback = {sizeof kReadback, 0, list, fetch, restore};

}  // namespace

const tidemark_readback_api* readback_table() { return &kReadback; }

}  // namespace tidemark
