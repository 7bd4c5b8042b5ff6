// What an answer says by its status and its headers, whatever the store.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_HTTP_ANSWER_H
#define TIDEMARK_SINKS_HTTP_ANSWER_H

#include <cstdint>
#include <functional>
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

// What a status means, for a message, where the store has no words of its own.
const char* plain_words(int status);

// What becomes of a put whose answer leaves open whether the object came to be: RETRYABLE, so that the caller
// tries again. One that `expects_absence` (a creation, whose call has not ended) looks whose object is there
// after EXISTS, which is what has to be done here; without an object the store may still be at it.
Status settle_undecided(Error error, bool expects_absence, const std::function<Status()>& expect_absent);

// `error` with "<what>: " before its message.
Error within(std::string_view what, Error error);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_ANSWER_H
