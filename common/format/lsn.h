// Numbers as names have them: an LSN in base 36, and plain decimal. Parsing accepts exactly what formatting
// makes. Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_LSN_H
#define TIDEMARK_COMMON_FORMAT_LSN_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/types.h"

namespace tidemark {

inline constexpr size_t kLsnTextSize = 13;  // base 36, lower case, zero-padded: holds 2^64 - 1

// Byte order is LSN order. Short enough to need no memory of its own.
std::string lsn_text(Lsn lsn);
std::optional<Lsn> parse_lsn_text(std::string_view text);  // 0 is not an LSN and does not parse

// All digits and in range; no sign, no blank, no leading zero but "0" itself.
std::optional<uint64_t> parse_decimal(std::string_view text);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_LSN_H
