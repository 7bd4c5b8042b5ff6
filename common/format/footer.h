// The footer: the 512-byte block after a tar's end-of-archive mark that says what the object is and proves
// it: NUL-padded text
//
//   TIDEMARK1 sha256=<64 hex digits> storage=<name> partition=<n> first=<n> last=<n> made_us=<n>
//
// with the digest over all bytes before the footer and numbers in decimal. made_us is when the archive was
// made, in microseconds since 1970, by the clock of who made it; older archives do not have it. Two archives
// are equal if their digests are, whenever they were made. A gap record is a single block of the same kind
// that begins with TIDEMARK1-GAP and has no sha256. The other records are a text (format/record.h) and a
// footer that begins with TIDEMARK1-ACCEPTED, TIDEMARK1-PRUNED or TIDEMARK1-ORIGIN. Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_FOOTER_H
#define TIDEMARK_COMMON_FORMAT_FOOTER_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/object_name.h"
#include "format/types.h"

namespace tidemark {

inline constexpr size_t kFooterSize = 512;
using FooterBlock = std::array<char, kFooterSize>;
using Digest = std::array<uint8_t, 32>;

struct Footer {
  Digest sha256{};
  std::string storage;
  uint64_t partition = 0;
  Range range;
  int64_t made_us = 0;  // 0: it does not say
};

FooterBlock format_footer(const Digest& sha256, std::string_view storage, uint64_t partition, Range range,
                          int64_t made_us);
// `kind`: kAccepted, kPruned or kOrigin.
FooterBlock format_record_footer(ObjectKind kind, const Digest& sha256, std::string_view storage,
                                 uint64_t partition, Range range);
FooterBlock format_gap_record(std::string_view storage, uint64_t partition, Range range);

// Accepts exactly what formatting makes; on nothing, `problem` (may be NULL) says what is wrong.
std::optional<Footer> parse_footer(std::string_view block, std::string* problem);
std::optional<Footer> parse_record_footer(ObjectKind kind, std::string_view block, std::string* problem);
// The same for a gap record; its sha256 is all zero.
std::optional<Footer> parse_gap_record(std::string_view block, std::string* problem);

std::string hex(const Digest& digest);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_FOOTER_H
