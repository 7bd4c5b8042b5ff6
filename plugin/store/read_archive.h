// Reading an archive whole, once, through a visitor of its content; for check, unpack and copy.
#ifndef TIDEMARK_STORE_READ_ARCHIVE_H
#define TIDEMARK_STORE_READ_ARCHIVE_H

#include <cstdint>
#include <span>
#include <string_view>

#include "base/call.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "sink/sink.h"
#include "store/stream.h"
#include "tar/content_parser.h"
#include "tar/content_stream.h"

namespace tidemark::store {

// Proves an archive whose bytes arrive in order, from wherever. One thread; refers to what it was given.
class ArchiveProof {
 public:
  ArchiveProof(std::string_view key, const ParsedKey& parsed, tar::FooterSplitter& splitter,
               tar::ContentVisitor& visitor)
      : key_(key), parsed_(parsed), splitter_(splitter), parser_(parsed.name.range, visitor) {}

  // An error is the visitor's; what is wrong with the archive is told by finish().
  Status push(std::span<const uint8_t> piece);
  // After the last piece: its footer; CORRUPT as read_archive(). `whole` as in FooterSplitter::check().
  Result<Footer> finish(Digest* whole = nullptr);

 private:
  Status parse(std::span<const uint8_t> content);

  const std::string_view key_;
  const ParsedKey parsed_;
  tar::FooterSplitter& splitter_;
  tar::ContentParser parser_;
  Status content_;  // the first thing wrong with the members; the digest is still wanted then
};

// OK: digest, identity and members are right. CORRUPT, with the key: if both the digest or footer and the
// members are wrong, the former is reported, because it says more. Any other error of the visitor ends the
// reading at once.
Status read_archive(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                    tar::FooterSplitter& splitter, tar::ContentVisitor& visitor, const Progress& progress,
                    const Call& deadline);

// What of `wanted` the archive holds, by its key. INVALID: nothing, or it is not an archive's key.
Result<Range> entries_of(std::string_view key, const ParsedKey& parsed, Range wanted);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_READ_ARCHIVE_H
