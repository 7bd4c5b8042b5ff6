// Encodings that stores speak: percent, hex, base64, XML, and two ways to write a time.
//
// Pure functions; any thread. Written for imposters alone: they must not share a mistake with a sink.
#ifndef TIDEMARK_TESTS_IMPOSTER_TEXT_H
#define TIDEMARK_TESTS_IMPOSTER_TEXT_H

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace imposter {

// RFC 3986: everything but unreserved characters, upper case hex; '/' stays if keep_slash.
std::string percent_encode(std::string_view text, bool keep_slash);
// False for a '%' without two hex digits.
bool percent_decode(std::string_view text, std::string* out);

std::string lower(std::string_view text);
std::string hex(std::string_view bytes);
std::string unhex(std::string_view digits);  // what is no pair of digits stays out
std::string base64(std::string_view bytes);
// Nothing unless it is canonical base64 of exactly size_bytes bytes.
std::optional<std::string> base64_decode(std::string_view text, size_t size_bytes);
std::string xml_escape(std::string_view text);
// A number in decimal digits and nothing else.
std::optional<uint64_t> decimal(std::string_view text);

std::string http_date(std::time_t when);  // Thu, 01 Jan 1970 00:00:00 GMT
std::string iso_date(std::time_t when);   // 1970-01-01T00:00:00.000Z

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_TEXT_H
