#include <cassert>

#include "store/maintenance.h"
#include "store/read_archive.h"
#include "store/stream.h"
#include "tar/entry_digests.h"

namespace tidemark::store {
namespace {

// What is stored, as its footer says; of a coded archive nothing is decoded.
Status check_stored(sink::Sink& sink, const Checking& what, const ParsedKey& parsed, const Call& deadline) {
  tar::ArchiveProof proof(parsed, what.keys, nullptr);
  const auto footer = read_archive(sink, what.key, proof, what.progress, deadline);
  return footer ? Status() : footer.error();
}

// Its only entry is all of its content but the end mark, whose digest comes with that of the whole.
Status check_single(sink::Sink& sink, const Checking& what, const ParsedKey& parsed,
                    const std::function<bool(const CheckedEntry&)>& visit, const Call& deadline) {
  tar::ContentVisitor nothing;
  tar::ArchiveProof proof(parsed, what.keys, &nothing, asks_footer(sink, what.key, deadline));
  const auto footer = read_archive(sink, what.key, proof, what.progress, deadline);
  if (!footer) return footer.error();
  if (!visit) return {};
  assert(proof.plain_bytes() >= tar::kEndMarkSize);  // or it would not be right
  visit({parsed.name.range.last, proof.plain_bytes() - tar::kEndMarkSize,
         proof.plain_digests().before_end_mark});
  return {};
}

}  // namespace

Status check(sink::Sink& sink, const Checking& what, const std::function<bool(const CheckedEntry&)>& visit,
             const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  const Call deadline(call);
  if (parsed.name.kind != ObjectKind::kArchive) {
    TM_ASSIGN(const auto object, read_record_object(sink, what.key, parsed, deadline));
    if (what.progress) what.progress(object.size());
    return {};
  }
  if (parsed.name.coding != Coding::kNone && !what.is_deep && !visit)
    return check_stored(sink, what, parsed, deadline);
  if (parsed.name.range.first == parsed.name.range.last)
    return check_single(sink, what, parsed, visit, deadline);
  bool was_stopped = false;
  const tar::EntryDigests::Take take = [&](Lsn lsn, uint64_t size_bytes, const Digest& digest) -> Status {
    if (visit({lsn, size_bytes, digest})) return {};
    was_stopped = true;
    return fail(TIDEMARK_E_CANCELLED, "the visitor has seen enough");
  };
  tar::EntryDigests digests(parsed.name.range, take);
  tar::ContentVisitor nothing;
  const auto footer =
      read_archive(sink, what.key, parsed, what.keys, visit ? digests : nothing, what.progress, deadline);
  return footer || was_stopped ? Status() : footer.error();
}

Result<Record> read_record(sink::Sink& sink, std::string_view key, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  if (parsed.name.kind == ObjectKind::kArchive) {
    return fail(TIDEMARK_E_INVALID, std::string(key) + ": is an archive, not a record");
  }
  const Call deadline(call);
  TM_ASSIGN(const auto object, read_record_object(sink, key, parsed, deadline));
  return parse_record(object, parsed);
}

}  // namespace tidemark::store
