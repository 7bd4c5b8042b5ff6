// Checks arguments and hands on to store/, inside the guard; nothing else.
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
    if (Status ok = need(archiver, "archiver"); !ok) return ok;
    if (Status ok = check_name(partition); !ok) return ok;
    if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "visit is NULL");
    const auto sink = archiver->sink();
    if (!sink) return sink.error();
    const auto visit_archive = [&](const store::ArchiveInfo& info) {
      if (info.kind != ObjectKind::kArchive) return true;
      const tidemark_archive archive = {
          sizeof archive,   0, info.range.first, info.range.last, info.size_bytes, info.modified_us,
          abi_str(info.key)};
      return visit(visit_ctx, &archive) == 0;
    };
    return store::list(**sink, view(partition->storage), partition->id, from, visit_archive, call);
  });
}

tidemark_status fetch(tidemark_archiver* archiver, tidemark_str key, const tidemark_writer* out,
                      const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    if (Status ok = need(archiver, "archiver"); !ok) return ok;
    if (Status ok = need_writer(out); !ok) return ok;
    if (Status ok = check_text(key, "key"); !ok) return ok;
    const auto sink = archiver->sink();
    if (!sink) return sink.error();
    return store::fetch(**sink, view(key), *out, call);
  });
}

tidemark_status restore(tidemark_archiver* archiver, const tidemark_partition* partition, tidemark_lsn lsn,
                        tidemark_str directory, const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    if (Status ok = need(archiver, "archiver"); !ok) return ok;
    if (Status ok = check_name(partition); !ok) return ok;
    if (lsn == kNoLsn) return fail(TIDEMARK_E_INVALID, "lsn is 0: the first LSN is 1");
    if (Status ok = check_directory(directory); !ok) return ok;
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
