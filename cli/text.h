// How LSNs, times, spans and sizes are read from and shown to people. Pure but for the local time zone; any
// thread.
#ifndef TIDEMARK_CLI_TEXT_H
#define TIDEMARK_CLI_TEXT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::cli {

// 2026-11-25, 2026-11-25T06:55[:14[.123456]], a blank for the T, then nothing (local time), Z or +01:00; or
// @SECONDS[.FRACTION] since the epoch. Microseconds since the epoch.
std::optional<int64_t> parse_time(std::string_view text);
// 90s, 15m, 12h, 30d, 4w: microseconds, above 0.
std::optional<int64_t> parse_span(std::string_view text);
// 4096, 500K, 20M, 3G, 2T: bytes, in powers of 1024, above 0.
std::optional<uint64_t> parse_size(std::string_view text);

std::string utc_text(int64_t time_us);                                  // 2026-11-25T06:55:14.123456Z
std::string local_text(int64_t time_us);                                // 2026-11-25 07:55:14
std::string bytes_text(uint64_t size_bytes);                            // 1.2 MiB
std::string seconds_text(double seconds);                               // "12 s", "5 min", "3 h"
std::string count_text(uint64_t n, const char* one, const char* many);  // "1 archive", "2 archives"

// The two forms of an LSN: decimal, and '@' with the 13 base-36 digits that keys are made of.
std::string both(uint64_t lsn);                         // "12 @000000000000c"
std::string range_text(uint64_t first, uint64_t last);  // "LSN 12 @… " or "LSN 12 @… to 15 @…"
std::optional<uint64_t> parse_lsn(std::string_view text);

// The word that is most like it, if one is like it at all; empty: none is.
std::string most_like(std::string_view word, const std::vector<std::string>& words);

// "main/7: <message>", unless the message names main/7 itself. An empty name: as it is.
std::string named(const std::string& name, const std::string& message);

// What is not clean (base/line.h) as \xNN: names that strangers chose must not control a terminal.
std::string printable(std::string_view text);

// Each "%41" as the byte it is; what is not such an escape stays.
std::string percent_decoded(std::string_view text);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_TEXT_H
