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

// What the names of the partition say of the range.
struct Found {
  std::string held;      // an archive that holds one of the entries
  std::string accepted;  // a record that says it already
};

// All that may say something of it, and what tells which epoch rules after it.
Result<Found> look(sink::Sink& sink, const Chain& chain, const Accepting& what, EpochBeginnings& begins,
                   const Call& deadline) {
  Found found;
  const Range lost = what.lost;
  const auto visit = [&](const std::string& key, const ParsedName& name, const std::optional<Range>& part) {
    if (!part) return true;
    if (name.kind == ObjectKind::kArchive && overlap(*part, lost)) found.held = key;
    const bool covers = part->first <= lost.first && part->last >= lost.last;
    if (name.kind == ObjectKind::kAccepted && covers) found.accepted = key;
    return found.held.empty();
  };
  ChainCut<std::string> cut(chain);
  size_t names_after = 0;
  TM_TRY(list_within(
      sink, what.storage, what.partition, chain.is_long() ? 1 : lost.first,
      [&](const ArchiveInfo& info) {
        begins.see(info);
        if (!cut.add(info, std::string(info.key), visit)) return false;
        if (info.range.last <= lost.last) return true;
        const bool may_begin_before = chain.is_long() && info.range.last - lost.last <= kArchiveEntriesMax;
        return may_begin_before || ++names_after < kOverlapNames;
      },
      deadline));
  if (found.held.empty()) cut.finish(visit);
  return found;
}

}  // namespace

Status accept_gap(sink::Sink& sink, const Chain& chain, const Accepting& what, const tidemark_call* call) {
  const Range lost = what.lost;
  if (lost.first == kNoLsn || lost.first > lost.last) {
    return fail(TIDEMARK_E_INVALID, "entries " + std::to_string(lost.first) + " to " +
                                        std::to_string(lost.last) + " are not a range; LSNs begin with 1");
  }
  if (const char* problem = reason_problem(what.reason)) return fail(TIDEMARK_E_INVALID, problem);
  const Call deadline(call);
  EpochBeginnings begins(chain);
  TM_ASSIGN(const Found found, look(sink, chain, what, begins, deadline));
  if (!found.held.empty()) {
    return fail(TIDEMARK_E_INVALID, found.held + " holds some of entries " + std::to_string(lost.first) +
                                        " to " + std::to_string(lost.last) +
                                        ": they are not lost (tidemark gaps lists what is missing); move the "
                                        "archive away first if it is damaged");
  }
  if (!found.accepted.empty()) return accepted_before(sink, found.accepted, deadline);
  ParsedName name = {lost, ObjectKind::kAccepted};
  const uint64_t ruler = lost.last == kEveryLsn ? 0 : begins.ruler(lost.last + 1);
  name.epoch = ruler != 0 ? ruler : chain.newest();
  const Record record = {ObjectKind::kAccepted, what.now_us, std::string(what.reason)};
  TM_ASSIGN(const auto object, format_record(record, {what.storage, what.partition, name}));
  const std::string key = object_key(what.storage, what.partition, name);
  Status put = put_record(sink, key, object, deadline);
  if (put || put.error().status != TIDEMARK_E_EXISTS) return put;
  return accepted_before(sink, key, deadline);
}

}  // namespace tidemark::store
