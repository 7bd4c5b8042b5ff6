// The footer: the 512-byte block after a tar's end-of-archive mark that says what the object is and proves
// it: NUL-padded text, one blank between its words, in this order
//
//   TIDEMARK1 sha256=<64 hex digits> storage=<name> partition=<n> first=<n> last=<n>
//             [epoch=<n> [begun=<n>]] [content=<64 hex digits> size=<n>] [tag_key=<8 hex digits> tag=<64 hex
//             digits>] [made_us=<n>]
//
// with numbers in decimal. sha256 is over all bytes before the footer, as they are stored. epoch is there if
// it is not the first, and begun if the name says it. Where the stored bytes are coded, content and size are
// the digest and the bytes of the plain tar; where they are encrypted, tag is there instead, a keyed digest
// of it, and which key made it: tags of two keys say nothing of each other. made_us is when the archive was
// made, in microseconds since 1970, by the clock of who made it; older archives do not have it. Two archives
// are equal if their tags are, or else their contents, or else their sha256; whenever they were made.
//
// A record is a text (format/record.h) and a footer that begins with TIDEMARK1-ACCEPTED, TIDEMARK1-PRUNED or
// TIDEMARK1-ORIGIN and ends after its epoch; a gap record is a footer only, TIDEMARK1-GAP without a sha256.
// The record of an epoch ends with "TIDEMARK1-EPOCH sha256= storage= epoch=". Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_FOOTER_H
#define TIDEMARK_COMMON_FORMAT_FOOTER_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/hex.h"
#include "format/object_name.h"
#include "format/types.h"

namespace tidemark {

inline constexpr size_t kFooterSize = 512;
using FooterBlock = std::array<char, kFooterSize>;
using Digest = std::array<uint8_t, 32>;

// The plain tar of an archive whose stored bytes are coded.
struct PlainContent {
  Digest sha256{};
  uint64_t size_bytes = 0;
  friend bool operator==(const PlainContent&, const PlainContent&) = default;
};

// A keyed digest of it instead, where nobody without the key may recognize it.
struct ContentTag {
  std::array<uint8_t, 4> key_id{};
  Digest digest{};
  friend bool operator==(const ContentTag&, const ContentTag&) = default;
};

struct Footer {
  ObjectKind kind = ObjectKind::kArchive;
  Digest sha256{};  // all zero in a gap record
  std::string storage{};
  uint64_t partition = 0;  // these two not in the record of an epoch
  Range range{};
  uint64_t epoch = kFirstEpoch;
  // Of archives only:
  std::optional<PlainContent> content{};
  std::optional<ContentTag> tag{};  // never together with content
  int64_t made_us = 0;              // 0: it does not say
  Lsn begun = kNoLsn;               // as the name says it
  friend bool operator==(const Footer&, const Footer&) = default;
};

FooterBlock format_footer(const Footer& footer);
// Accepts exactly what formatting makes; on nothing, `problem` (may be NULL) says what is wrong.
std::optional<Footer> parse_footer(ObjectKind kind, std::string_view block, std::string* problem);
// Whether an object of that name ends in this footer.
bool is_footer_of(const Footer& footer, const ParsedKey& key);
// The key of what ends in this footer, to be shown; of the codings only the last can be told.
std::string key_of(const Footer& footer);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_FOOTER_H
