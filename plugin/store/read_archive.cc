#include "store/read_archive.h"

#include <optional>
#include <string>

#include "store/stream.h"

namespace tidemark::store {

Status ArchiveProof::parse(std::span<const uint8_t> content) {
  if (!content_) return {};
  content_ = parser_.push(content);
  return content_ || content_.error().status == TIDEMARK_E_CORRUPT ? Status() : content_;
}

Status ArchiveProof::push(std::span<const uint8_t> piece) {
  const auto pieces = splitter_.push(piece);
  TM_TRY(parse(pieces.first));
  return parse(pieces.second);
}

Result<Footer> ArchiveProof::finish(Digest* whole) {
  auto footer = splitter_.check(parsed_, whole);
  if (!footer) return about(key_, footer.error());
  if (content_) content_ = parser_.finish();
  if (!content_) return about(key_, content_.error());
  return footer;
}

Status read_archive(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                    tar::FooterSplitter& splitter, tar::ContentVisitor& visitor, const Progress& progress,
                    const Call& deadline) {
  ArchiveProof proof(key, parsed, splitter, visitor);
  uint64_t read_bytes = 0;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    TM_TRY(proof.push(piece));
    read_bytes += piece.size();
    if (progress) progress(read_bytes);
    return {};
  });
  if (!status) return status;
  const auto footer = proof.finish();
  return footer ? Status() : footer.error();
}

Result<Range> entries_of(std::string_view key, const ParsedKey& parsed, Range wanted) {
  const std::optional<Range> both = overlap(wanted, parsed.name.range);
  if (parsed.name.kind == ObjectKind::kArchive && both) return *both;
  return fail(TIDEMARK_E_INVALID, std::string(key) + ": holds none of the entries " +
                                      std::to_string(wanted.first) + " to " + std::to_string(wanted.last));
}

}  // namespace tidemark::store
