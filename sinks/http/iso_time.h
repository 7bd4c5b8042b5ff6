// Times as stores and token services write them: "2024-02-29T23:59:58Z", with a fraction, with "+00:00".
//
// Any thread; independent of locale and time zone.
#ifndef TIDEMARK_SINKS_HTTP_ISO_TIME_H
#define TIDEMARK_SINKS_HTTP_ISO_TIME_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::sinks {

// Unix time in microseconds; nothing for other texts than a date, a time and a zone (RFC 3339, 5.6).
std::optional<int64_t> parse_iso_time_us(std::string_view text);

// "2024-02-29T23:59:58Z"
std::string format_iso_time(int64_t unix_us);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_ISO_TIME_H
