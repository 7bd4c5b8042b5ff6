// Checks arguments and calls store/, inside the guard; nothing else.
#include "entry_maintenance.h"

#include "entry_checks.h"
#include "entry_stored.h"

namespace tidemark {
namespace {

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

Status check_options(const tidemark_unpack_options* options) {
  TM_TRY(need(options, "options"));
  const bool has_all = TIDEMARK_HAS(options, tidemark_unpack_options, ctx);
  TM_TRY(check_struct(has_all, "options", options->struct_size));
  constexpr uint32_t kKnown =
      TIDEMARK_UNPACK_PRIVATE | TIDEMARK_UNPACK_KEEP_SETID | TIDEMARK_UNPACK_SYNC_LATER;
  if ((options->flags & ~kKnown) != 0) {
    return fail(TIDEMARK_E_UNSUPPORTED, "options.flags is " + std::to_string(options->flags) +
                                            ": this plugin knows TIDEMARK_UNPACK_PRIVATE, KEEP_SETID and "
                                            "SYNC_LATER only");
  }
  if ((options->flags & TIDEMARK_UNPACK_SYNC_LATER) != 0 && (options->flags & TIDEMARK_UNPACK_PRIVATE) == 0)
    return fail(TIDEMARK_E_INVALID, "options.flags has SYNC_LATER without PRIVATE");
  TM_TRY(check_range(options->first, options->last));
  return check_directory(options->directory);
}

tidemark_status unpack(tidemark_archiver* archiver, tidemark_str key, const tidemark_unpack_options* options,
                       const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    TM_TRY(check_options(options));
    TM_ASSIGN(const auto sink, archiver->sink());
    const bool is_private = (options->flags & TIDEMARK_UNPACK_PRIVATE) != 0;
    const Range wanted = {options->first, options->last};
    store::Unpacking what = {view(key), wanted, view(options->directory), is_private, {},
                             false,     false,  archiver->keys()};
    what.sync_later = (options->flags & TIDEMARK_UNPACK_SYNC_LATER) != 0;
    what.with_setid = (options->flags & TIDEMARK_UNPACK_KEEP_SETID) != 0;
    what.progress = progress_reporter(options->progress, options->ctx);
    return store::unpack(*sink, what, call);
  });
}

constexpr tidemark_maintenance_api kMaintenance = {sizeof kMaintenance, 0, scan, read_record, unpack};

}  // namespace

const tidemark_maintenance_api* maintenance_table() { return &kMaintenance; }

}  // namespace tidemark
