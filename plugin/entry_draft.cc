// Checks arguments and calls store/, inside the guard; nothing else.
#include "entry_draft.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/line.h"
#include "base/wall_clock.h"
#include "entry_checks.h"
#include "entry_stored.h"
#include "format/object_name.h"
#include "lineage/claim.h"
#include "lineage/lineage_file.h"
#include "store/copy.h"
#include "store/epochs.h"
#include "store/store.h"
#include "store/try_out.h"

namespace tidemark {
namespace {

// What a caller gives who asks for nothing but whether all is right.
constexpr tidemark_check_options kOnlyCheck = {sizeof kOnlyCheck, 0, nullptr, nullptr, nullptr};

tidemark_status check(tidemark_archiver* archiver, tidemark_str key, const tidemark_check_options* options,
                      const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    const tidemark_check_options& wish = options == nullptr ? kOnlyCheck : *options;
    const bool has_all = TIDEMARK_HAS(&wish, tidemark_check_options, ctx);
    TM_TRY(check_struct(has_all, "options", wish.struct_size));
    if ((wish.flags & ~TIDEMARK_CHECK_DEEP) != 0) {
      return fail(TIDEMARK_E_UNSUPPORTED, "options.flags is " + std::to_string(wish.flags) +
                                              ": check knows TIDEMARK_CHECK_DEEP only");
    }
    TM_ASSIGN(const auto sink, archiver->sink());
    std::function<bool(const store::CheckedEntry&)> visit_entry;
    if (wish.visit != nullptr) {
      visit_entry = [&](const store::CheckedEntry& entry) {
        const tidemark_checked_entry checked = {sizeof checked, 0, entry.lsn, entry.size_bytes,
                                                entry.sha256.data()};
        return wish.visit(wish.ctx, &checked) == 0;
      };
    }
    const store::Checking what = {view(key), (wish.flags & TIDEMARK_CHECK_DEEP) != 0,
                                  progress_reporter(wish.progress, wish.ctx), archiver->keys()};
    return store::check(*sink, what, visit_entry, call);
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
    const Call deadline(call);
    TM_ASSIGN(const auto look, deadline.next_call());
    TM_ASSIGN(const Chain chain, archiver->read_chain(view(partition->storage), &look));
    const store::Accepting what = {
        view(partition->storage), partition->id, {first, last}, view(reason), wall_clock_us()};
    TM_ASSIGN(const auto left, deadline.next_call());
    return store::accept_gap(*sink, chain, what, &left);
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

using Verdict = tar::TreeComparer::Verdict;

int32_t abi_result(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame:
      return TIDEMARK_COMPARED_SAME;
    case Verdict::kDifferent:
      return TIDEMARK_COMPARED_DIFFERENT;
    case Verdict::kUnreadable:
      break;
  }
  return TIDEMARK_COMPARED_UNREADABLE;
}

Status check_options(const tidemark_compare_options* options) {
  TM_TRY(need(options, "options"));
  TM_TRY(check_struct(TIDEMARK_HAS(options, tidemark_compare_options, ctx), "options", options->struct_size));
  if ((options->flags & ~(TIDEMARK_UNPACK_KEEP_SETID | TIDEMARK_COMPARE_BY_DIGEST)) != 0) {
    return fail(TIDEMARK_E_UNSUPPORTED,
                "options.flags is " + std::to_string(options->flags) +
                    ": compare knows TIDEMARK_UNPACK_KEEP_SETID and TIDEMARK_COMPARE_BY_DIGEST only");
  }
  if (options->visit == nullptr) return fail(TIDEMARK_E_INVALID, "options.visit is NULL");
  TM_TRY(check_range(options->first, options->last));
  return check_directory(options->directory);
}

tidemark_status compare(tidemark_archiver* archiver, tidemark_str key,
                        const tidemark_compare_options* options, const tidemark_call* call,
                        tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    TM_TRY(check_options(options));
    TM_ASSIGN(const auto sink, archiver->sink());
    store::TreeComparison what = {view(key),
                                  {options->first, options->last},
                                  view(options->directory),
                                  (options->flags & TIDEMARK_UNPACK_KEEP_SETID) != 0,
                                  progress_reporter(options->progress, options->ctx),
                                  nullptr,
                                  archiver->keys()};
    const auto visit = [&](const store::ComparedEntry& entry) {
      const tidemark_compared_entry compared = {sizeof compared, abi_result(entry.verdict), entry.lsn,
                                                abi_str(entry.why)};
      return options->visit(options->ctx, &compared) == 0;
    };
    if ((options->flags & TIDEMARK_COMPARE_BY_DIGEST) == 0)
      return store::compare_tree(*sink, what, visit, call);
    const auto lease = archiver->comparing_source();
    what.source = &lease.source();
    return store::compare_tree(*sink, what, visit, call);
  });
}

tidemark_status made(tidemark_archiver* archiver, tidemark_str key, int64_t* made_us,
                     const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    TM_TRY(need(made_us, "made_us"));
    TM_ASSIGN(const auto sink, archiver->sink());
    TM_ASSIGN(const Footer footer, store::read_footer(*sink, view(key), call));
    *made_us = footer.made_us;
    return {};
  });
}

tidemark_status plain_size(tidemark_archiver* archiver, tidemark_str key, uint64_t* size_bytes,
                           const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    TM_TRY(need(size_bytes, "size_bytes"));
    TM_ASSIGN(const auto sink, archiver->sink());
    TM_ASSIGN(const Footer footer, store::read_footer(*sink, view(key), call));
    *size_bytes = footer.content ? footer.content->size_bytes : 0;
    return {};
  });
}

Status check_options(const tidemark_copy_options* options, tidemark_copy_result* result) {
  TM_TRY(need(options, "options"));
  TM_TRY(check_struct(TIDEMARK_HAS(options, tidemark_copy_options, ctx), "options", options->struct_size));
  TM_TRY(need(result, "result"));
  TM_TRY(check_struct(TIDEMARK_HAS(result, tidemark_copy_result, failed), "result", result->struct_size));
  constexpr uint32_t kKnown = TIDEMARK_COPY_COMPARE | TIDEMARK_COPY_READ_WHOLE | TIDEMARK_COPY_ENCODE |
                              TIDEMARK_COPY_KEEP_COMPRESSION;
  if ((options->flags & ~kKnown) == 0) return {};
  return fail(TIDEMARK_E_UNSUPPORTED, "options.flags is " + std::to_string(options->flags) +
                                          ": copy knows TIDEMARK_COPY_COMPARE, READ_WHOLE, ENCODE and "
                                          "KEEP_COMPRESSION only");
}

int32_t abi_result(store::Copied copied) {
  switch (copied) {
    case store::Copied::kCopied:
      return TIDEMARK_COPIED;
    case store::Copied::kEncoded:
      return TIDEMARK_COPY_ENCODED;
    case store::Copied::kThere:
      break;
  }
  return TIDEMARK_COPY_THERE;
}

int32_t abi_compared(store::Compared compared) {
  switch (compared) {
    case store::Compared::kFooters:
      return TIDEMARK_COMPARED_FOOTERS;
    case store::Compared::kTag:
      return TIDEMARK_COMPARED_TAG;
    case store::Compared::kBodies:
      return TIDEMARK_COMPARED_BODIES;
    case store::Compared::kNothing:
      break;
  }
  return 0;
}

int32_t abi_side(store::CopySide side) {
  if (side == store::CopySide::kNone) return 0;
  return side == store::CopySide::kSource ? TIDEMARK_COPY_SOURCE : TIDEMARK_COPY_DESTINATION;
}

tidemark_status copy(tidemark_archiver* from, tidemark_archiver* to, tidemark_str key,
                     const tidemark_copy_options* options, tidemark_copy_result* result,
                     const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(from, "from"));
    TM_TRY(need(to, "to"));
    TM_TRY(check_text(key, "key"));
    TM_TRY(check_options(options, result));
    result->result = result->failed = 0;
    if (TIDEMARK_HAS(result, tidemark_copy_result, compared)) result->compared = 0;
    const bool compares = (options->flags & TIDEMARK_COPY_COMPARE) != 0;
    TM_ASSIGN(const auto source, from->sink());
    TM_ASSIGN(const auto destination, compares ? to->sink() : to->writable_sink());
    std::string_view to_key;
    if (TIDEMARK_HAS(options, tidemark_copy_options, to_key)) {
      TM_TRY(check_text(options->to_key, "options.to_key"));
      to_key = view(options->to_key);
    }
    const bool encodes = (options->flags & TIDEMARK_COPY_ENCODE) != 0;
    const codec::Encoding encoding = to->encoding();
    const store::Encoding wanted = {encoding, (options->flags & TIDEMARK_COPY_KEEP_COMPRESSION) != 0};
    const store::Copying what = {view(key),
                                 options->size_bytes,
                                 options->buffer_bytes,
                                 (options->flags & TIDEMARK_COPY_READ_WHOLE) != 0,
                                 progress_reporter(options->progress, options->ctx),
                                 to_key,
                                 encodes ? std::optional(wanted) : std::nullopt,
                                 from->keys(),
                                 to->keys()};
    store::CopySide failed = store::CopySide::kNone;
    Result<store::CopyResult> copied = store::CopyResult{};
    if (compares) {
      auto same = store::compare_copies(*source, *destination, what, &failed, call);
      copied = same ? Result<store::CopyResult>({store::Copied::kThere, *same}) : std::move(same.error());
    } else {
      copied = store::copy_object(*source, *destination, what, &failed, call);
    }
    if (!copied) {
      result->failed = abi_side(failed);
      return std::move(copied.error());
    }
    result->result = abi_result(copied->copied);
    if (TIDEMARK_HAS(result, tidemark_copy_result, compared))
      result->compared = abi_compared(copied->compared);
    return {};
  });
}

int32_t abi_result(store::TryResult result) {
  switch (result) {
    case store::TryResult::kOk:
      return TIDEMARK_TRIED_OK;
    case store::TryResult::kWarning:
      return TIDEMARK_TRIED_WARNING;
    case store::TryResult::kFailed:
      return TIDEMARK_TRIED_FAILED;
    case store::TryResult::kSkipped:
      break;
  }
  return TIDEMARK_TRIED_SKIPPED;
}

tidemark_status try_out(tidemark_archiver* archiver, const tidemark_try_options* options,
                        const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(need(options, "options"));
    TM_TRY(check_struct(TIDEMARK_HAS(options, tidemark_try_options, ctx), "options", options->struct_size));
    TM_TRY(check_text(options->name, "options.name"));
    if (options->visit == nullptr) return fail(TIDEMARK_E_INVALID, "options.visit is NULL");
    TM_ASSIGN(const auto sink, archiver->writable_sink());
    store::TryingOut what = {view(options->name), {}, wall_clock_us, {}};
    // NOLINTNEXTLINE(bugprone-sizeof-expression): what the struct has there is a pointer.
    const bool knows_partition = TIDEMARK_HAS(options, tidemark_try_options, partition);
    if (knows_partition && options->partition != nullptr) {
      TM_TRY(check_name(options->partition));
      what.folder = partition_prefix(view(options->partition->storage), options->partition->id);
    }
    if (options->is_left != nullptr) {
      what.is_left = [options](std::string_view name, int64_t age_us) {
        return options->is_left(options->ctx, abi_str(name), age_us) != 0;
      };
    }
    const auto visit = [options](const store::Tried& tried) {
      const tidemark_tried one = {sizeof one, abi_result(tried.result), abi_str(tried.what),
                                  abi_str(tried.message)};
      options->visit(options->ctx, &one);
    };
    return store::try_out(*sink, what, visit, call);
  });
}

tidemark_status scan_level(tidemark_archiver* archiver, tidemark_str storage, tidemark_str start_after,
                           VisitStored visit, void* visit_ctx, const tidemark_call* call,
                           tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(storage, "storage"));
    TM_TRY(check_text(start_after, "start_after"));
    if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "visit is NULL");
    TM_ASSIGN(const auto sink, archiver->sink());
    return store::scan_level(*sink, view(storage), view(start_after), stored_visitor(visit, visit_ctx), call);
  });
}

tidemark_status scan_folders(tidemark_archiver* archiver, const tidemark_str* folders, uint32_t count,
                             tidemark_str start_after, VisitStored visit, void* visit_ctx,
                             const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    if (count > 0) TM_TRY(need(folders, "folders"));
    TM_TRY(check_text(start_after, "start_after"));
    if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "visit is NULL");
    std::vector<std::string_view> keys;
    keys.reserve(count);
    for (const tidemark_str folder : std::span(folders, count)) {
      TM_TRY(check_text(folder, "a folder"));
      keys.push_back(view(folder));
    }
    TM_ASSIGN(const auto sink, archiver->sink());
    return store::scan_folders(*sink, keys, view(start_after), stored_visitor(visit, visit_ctx), call);
  });
}

tidemark_status take_over(tidemark_archiver* archiver, tidemark_str storage,
                          const tidemark_takeover* takeover, tidemark_taken_over* taken,
                          const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(need(takeover, "takeover"));
    TM_TRY(
        check_struct(TIDEMARK_HAS(takeover, tidemark_takeover, reason), "takeover", takeover->struct_size));
    TM_TRY(need(taken, "taken"));
    TM_TRY(check_struct(TIDEMARK_HAS(taken, tidemark_taken_over, records_written_again), "taken",
                        taken->struct_size));
    TM_TRY(check_text(storage, "storage"));
    TM_TRY(check_text(takeover->lineage_file, "lineage_file"));
    TM_TRY(check_text(takeover->reason, "reason"));
    if (const char* problem = storage_name_problem(view(storage))) return fail(TIDEMARK_E_INVALID, problem);
    TM_ASSIGN(const auto sink, archiver->writable_sink());
    const uint64_t restored_from =
        TIDEMARK_HAS(takeover, tidemark_takeover, restored_from) ? takeover->restored_from : 0;
    const auto if_missing = restored_from == 0 ? lineage::IfMissing::kFail : lineage::IfMissing::kMakeLater;
    TM_ASSIGN(const auto file,
              lineage::LineageFile::open(std::string(view(takeover->lineage_file)), if_missing));
    lineage::Claimed claimed = lineage::take_over(
        *sink, view(storage), *file, {takeover->over, restored_from, view(takeover->reason)}, call);
    if (claimed.trouble != lineage::Trouble::kNone) return std::move(claimed.error);
    taken->epoch = claimed.epoch;
    taken->records_written_again = claimed.records_written_again;
    return {};
  });
}

tidemark_status fetch_plain(tidemark_archiver* archiver, tidemark_str key, const tidemark_writer* out,
                            const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(need_writer(out));
    TM_TRY(check_text(key, "key"));
    TM_ASSIGN(const auto sink, archiver->sink());
    return store::fetch_plain(*sink, view(key), archiver->keys(), *out, call);
  });
}

int32_t abi_claim(Claim claim) {
  switch (claim) {
    case Claim::kFirst:
      return TIDEMARK_CLAIM_FIRST;
    case Claim::kRestart:
      return TIDEMARK_CLAIM_RESTART;
    case Claim::kTakeover:
      break;
  }
  return TIDEMARK_CLAIM_TAKEOVER;
}

tidemark_status read_epoch(tidemark_archiver* archiver, tidemark_str key,
                           void (*visit)(void* ctx, const tidemark_epoch*), void* visit_ctx,
                           const tidemark_call* call, tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(key, "key"));
    if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "visit is NULL");
    const auto parsed = parse_object_key(view(key));
    if (!parsed || parsed->name.kind != ObjectKind::kEpoch) {
      return fail(TIDEMARK_E_INVALID, quote(view(key)) + " is not the key of an epoch's record");
    }
    TM_ASSIGN(const auto sink, archiver->sink());
    TM_ASSIGN(const auto record, store::read_epoch(*sink, parsed->storage, parsed->name.epoch, call));
    const tidemark_epoch epoch = {sizeof epoch,        abi_claim(record.how), abi_str(parsed->storage),
                                  parsed->name.epoch,  record.parent,         record.made_us,
                                  record.owner.data(), abi_str(record.host),  abi_str(record.reason)};
    visit(visit_ctx, &epoch);
    return {};
  });
}

tidemark_status prune_branch(tidemark_archiver* archiver, tidemark_str storage, uint64_t epoch,
                             int32_t dry_run, VisitStored visit, void* visit_ctx, const tidemark_call* call,
                             tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_TRY(need(archiver, "archiver"));
    TM_TRY(check_text(storage, "storage"));
    if (const char* problem = storage_name_problem(view(storage))) return fail(TIDEMARK_E_INVALID, problem);
    TM_ASSIGN(const auto sink, dry_run != 0 ? archiver->sink() : archiver->writable_sink());
    const store::BranchPruning what = {view(storage), epoch, dry_run != 0};
    return store::prune_branch(*sink, what, stored_visitor(visit, visit_ctx), call);
  });
}

constexpr tidemark_draft_maintenance_api kDraftMaintenance = {sizeof kDraftMaintenance,
                                                              0,
                                                              check,
                                                              accept_gap,
                                                              prune,
                                                              compare,
                                                              made,
                                                              copy,
                                                              try_out,
                                                              scan_level,
                                                              scan_folders,
                                                              read_epoch,
                                                              take_over,
                                                              prune_branch,
                                                              fetch_plain,
                                                              plain_size};

}  // namespace

const tidemark_draft_maintenance_api* draft_maintenance_table() { return &kDraftMaintenance; }

}  // namespace tidemark
