// Encodings that S3 speaks: percent, hex, base64, XML, and its three ways to write a time.
//
// Pure functions; any thread. Written for the imposter alone: it must not share a mistake with the sink.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_TEXT_H
#define TIDEMARK_TESTS_S3_IMPOSTER_TEXT_H

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
// Keys in a listing with encoding-type=url: as percent_encode with '/' kept, but a space is '+', as AWS does
// it.
std::string listing_encode(std::string_view text);

std::string lower(std::string_view text);
std::string hex(std::string_view bytes);
std::string unhex(std::string_view digits);  // what is no pair of digits stays out
std::string base64(std::string_view bytes);
// Nothing unless it is canonical base64 of exactly size_bytes bytes.
std::optional<std::string> base64_decode(std::string_view text, size_t size_bytes);
std::string xml_escape(std::string_view text);
// A number in decimal digits and nothing else.
std::optional<uint64_t> decimal(std::string_view text);

std::string http_date(std::time_t when);                           // Thu, 01 Jan 1970 00:00:00 GMT
std::string iso_date(std::time_t when);                            // 1970-01-01T00:00:00.000Z
std::optional<std::time_t> parse_amz_date(std::string_view text);  // 19700101T000000Z

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_TEXT_H
