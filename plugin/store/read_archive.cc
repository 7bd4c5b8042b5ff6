#include "store/read_archive.h"

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "store/store.h"
#include "store/stream.h"

namespace tidemark::store {

tar::ArchiveProof::AskFooter asks_footer(sink::Sink& sink, std::string_view key, const Call& deadline) {
  return [&sink, key, &deadline]() -> Result<Footer> {
    TM_ASSIGN(const auto call, deadline.next_call());
    return read_footer(sink, key, &call);
  };
}

Result<Footer> read_archive(sink::Sink& sink, std::string_view key, tar::ArchiveProof& proof,
                            const Progress& progress, const Call& deadline) {
  uint64_t read_bytes = 0;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    TM_TRY(proof.push(piece));
    read_bytes += piece.size();
    if (progress) progress(read_bytes);
    return {};
  });
  if (!status) return std::move(status.error());
  auto footer = proof.finish();
  if (!footer) return about(key, footer.error());
  return footer;
}

Result<Footer> read_archive(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                            const codec::Keys& keys, tar::ContentVisitor& visitor, const Progress& progress,
                            const Call& deadline) {
  tar::ArchiveProof proof(parsed, keys, &visitor, asks_footer(sink, key, deadline));
  return read_archive(sink, key, proof, progress, deadline);
}

Result<Range> entries_of(std::string_view key, const ParsedKey& parsed, Range wanted) {
  const std::optional<Range> both = overlap(wanted, parsed.name.range);
  if (parsed.name.kind == ObjectKind::kArchive && both) return *both;
  return fail(TIDEMARK_E_INVALID, std::string(key) + ": holds none of the entries " +
                                      std::to_string(wanted.first) + " to " + std::to_string(wanted.last));
}

}  // namespace tidemark::store
