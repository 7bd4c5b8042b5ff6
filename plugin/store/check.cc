#include <cassert>

#include "store/maintenance.h"
#include "store/read_archive.h"
#include "store/stream.h"
#include "tar/entry_digests.h"

namespace tidemark::store {
namespace {

// Its only entry is all of its content but the end mark, whose digest comes with that of the whole.
Status check_single(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                    const std::function<bool(const CheckedEntry&)>& visit, const Progress& progress,
                    const Call& deadline) {
  tar::ContentVisitor nothing;
  tar::FooterSplitter splitter;
  Status status = read_archive(sink, key, parsed, splitter, nothing, progress, deadline);
  if (!status || !visit) return status;
  assert(splitter.content_bytes() >= tar::kEndMarkSize);  // or it would not be right
  visit({parsed.name.range.last, splitter.content_bytes() - tar::kEndMarkSize,
         splitter.digest_before_end_mark()});
  return {};
}

}  // namespace

Status check(sink::Sink& sink, std::string_view key, const std::function<bool(const CheckedEntry&)>& visit,
             const Progress& progress, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_readable_key(key));
  const Call deadline(call);
  if (parsed.name.kind != ObjectKind::kArchive) {
    TM_ASSIGN(const auto object, read_record_object(sink, key, parsed, deadline));
    if (progress) progress(object.size());
    return {};
  }
  if (parsed.name.range.first == parsed.name.range.last) {
    return check_single(sink, key, parsed, visit, progress, deadline);
  }
  bool was_stopped = false;
  const tar::EntryDigests::Take take = [&](Lsn lsn, uint64_t size_bytes, const Digest& digest) -> Status {
    if (visit({lsn, size_bytes, digest})) return {};
    was_stopped = true;
    return fail(TIDEMARK_E_CANCELLED, "the visitor has seen enough");
  };
  tar::EntryDigests digests(parsed.name.range, take);
  tar::ContentVisitor nothing;
  tar::FooterSplitter splitter;
  Status status = read_archive(sink, key, parsed, splitter, visit ? digests : nothing, progress, deadline);
  return was_stopped ? Status() : status;
}

Result<Record> read_record(sink::Sink& sink, std::string_view key, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_readable_key(key));
  if (parsed.name.kind == ObjectKind::kArchive) {
    return fail(TIDEMARK_E_INVALID, std::string(key) + ": is an archive, not a record");
  }
  const Call deadline(call);
  TM_ASSIGN(const auto object, read_record_object(sink, key, parsed, deadline));
  return parse_record(object, parsed);
}

}  // namespace tidemark::store
