#include "store/list.h"
#include "store/maintenance.h"
#include "store/record.h"
#include "store/stream.h"

namespace tidemark::store {
namespace {

// EXISTS, if the record is one; a damaged one accepts nothing.
Status accepted_before(sink::Sink& sink, const std::string& key, const Call& deadline) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  if (const auto object = read_record_object(sink, key, parsed, deadline); !object) {
    Error error = object.error();
    if (error.status == TIDEMARK_E_CORRUPT) error.message += "; move it away, then accept the loss again";
    return error;
  }
  return fail(TIDEMARK_E_EXISTS, key + ": the loss was accepted before");
}

}  // namespace

Status accept_gap(sink::Sink& sink, std::string_view storage, uint64_t partition, Range lost,
                  std::string_view reason, int64_t now_us, const tidemark_call* call) {
  if (lost.first == kNoLsn || lost.first > lost.last) {
    return fail(TIDEMARK_E_INVALID, "entries " + std::to_string(lost.first) + " to " +
                                        std::to_string(lost.last) + " are not a range; LSNs begin with 1");
  }
  if (const char* problem = reason_problem(reason)) return fail(TIDEMARK_E_INVALID, problem);
  const Call deadline(call);
  std::string held;      // an archive that holds one of them
  std::string accepted;  // a record that says it already
  size_t names_after = 0;
  Status status = list_within(
      sink, storage, partition, lost.first,
      [&](const ArchiveInfo& info) {
        if (info.range.first <= lost.last && info.kind == ObjectKind::kArchive) held = info.key;
        if (info.range.first <= lost.first && info.range.last >= lost.last &&
            info.kind == ObjectKind::kAccepted) {
          accepted = info.key;
        }
        return held.empty() && (info.range.last <= lost.last || ++names_after < kOverlapNames);
      },
      deadline);
  if (!status) return status;
  if (!held.empty()) {
    return fail(TIDEMARK_E_INVALID, held + " holds some of entries " + std::to_string(lost.first) + " to " +
                                        std::to_string(lost.last) +
                                        ": they are not lost (tidemark gaps lists what is missing); move the "
                                        "archive away first if it is damaged");
  }
  if (!accepted.empty()) return accepted_before(sink, accepted, deadline);
  const Record record = {ObjectKind::kAccepted, now_us, std::string(reason)};
  TM_ASSIGN(const auto object, format_record(record, storage, partition, lost));
  const std::string key = object_key(storage, partition, lost, record.kind);
  Status put = put_record(sink, key, object, deadline);
  if (put || put.error().status != TIDEMARK_E_EXISTS) return put;
  return accepted_before(sink, key, deadline);
}

}  // namespace tidemark::store
