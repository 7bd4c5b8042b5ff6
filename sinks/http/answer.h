// What the headers of an answer say, whatever the store.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_HTTP_ANSWER_H
#define TIDEMARK_SINKS_HTTP_ANSWER_H

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/request.h"

namespace tidemark::sinks {

// The value of a header; empty if there is none.
std::string_view header(const Headers& headers, std::string_view name);

// The time of the far side, from Date; nothing if the header is missing or not a date. Microseconds.
std::optional<int64_t> date_us(const Headers& headers, std::string_view name = "date");

// As `date_us`, of a whole text.
std::optional<int64_t> parse_http_date_us(std::string_view text);

// Retry-After, in seconds or as a date (RFC 9110, 10.2.3), a day at most; 0: none.
uint32_t retry_after_ms(const Headers& headers);

// Whether the body of an answer can be an object: not if it is a page or an error.
bool is_object_type(std::string_view content_type);

// A number in decimal, and nothing else.
bool parse_number(std::string_view text, uint64_t* out);

// `error` with "<what>: " before its message.
Error within(std::string_view what, Error error);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_ANSWER_H
