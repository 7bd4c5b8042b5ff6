#include "store/read_archive.h"

#include <optional>
#include <string>

#include "store/stream.h"

namespace tidemark::store {

Status read_archive(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                    tar::FooterSplitter& splitter, tar::ContentVisitor& visitor, const Progress& progress,
                    const Call& deadline) {
  tar::ContentParser parser(parsed.name.range, visitor);
  Status content;  // the first thing wrong with the members; the digest is still wanted then
  const auto take = [&](std::span<const uint8_t> piece) -> Status {
    if (!content) return {};
    content = parser.push(piece);
    return content || content.error().status == TIDEMARK_E_CORRUPT ? Status() : content;
  };
  uint64_t read_bytes = 0;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    const auto pieces = splitter.push(piece);
    TM_TRY(take(pieces.first));
    TM_TRY(take(pieces.second));
    read_bytes += piece.size();
    if (progress) progress(read_bytes);
    return {};
  });
  if (!status) return status;
  const auto footer = splitter.check(parsed.storage, parsed.partition, parsed.name.range);
  if (!footer) return about(key, footer.error());
  if (content) content = parser.finish();
  if (!content) return about(key, content.error());
  return {};
}

Result<Range> entries_of(std::string_view key, const ParsedKey& parsed, Range wanted) {
  const std::optional<Range> both = overlap(wanted, parsed.name.range);
  if (parsed.name.kind == ObjectKind::kArchive && both) return *both;
  return fail(TIDEMARK_E_INVALID, std::string(key) + ": holds none of the entries " +
                                      std::to_string(wanted.first) + " to " + std::to_string(wanted.last));
}

}  // namespace tidemark::store
