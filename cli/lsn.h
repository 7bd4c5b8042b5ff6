// The two forms of a log sequence number: decimal, and '@' with the 13 base-36 digits that keys are made of.
// Pure; any thread.
#ifndef TIDEMARK_CLI_LSN_H
#define TIDEMARK_CLI_LSN_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::cli {

inline constexpr size_t kLsnTextSize = 13;

std::string lsn_key_text(uint64_t lsn);                        // "000000000000c"
std::optional<uint64_t> parse_lsn_key(std::string_view text);  // exactly that, 0 excepted
std::string both(uint64_t lsn);                                // "12 @000000000000c"
std::string range_text(uint64_t first, uint64_t last);         // "LSN 12 @… " or "LSN 12 @… to 15 @…"

// "12" or "@000000000000c"; 0 is no LSN.
std::optional<uint64_t> parse_lsn(std::string_view text);
// All digits and in range; no sign, no blank, no leading zero but "0" itself.
std::optional<uint64_t> parse_decimal(std::string_view text);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_LSN_H
