// Signatures by a key of the day as a server sees them, header form only: AWS Signature Version 4, and what
// Google has for HMAC keys.
//
// Pure functions; any thread. On purpose a second implementation beside the sink's: a mistake would have to
// be made twice. Sources: "Signature Calculations for the Authorization Header", Amazon S3 API reference;
// cloud.google.com/storage/docs/authentication/signatures.
#ifndef TIDEMARK_TESTS_IMPOSTER_SIGNATURE_H
#define TIDEMARK_TESTS_IMPOSTER_SIGNATURE_H

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imposter/request.h"

namespace imposter {

struct SignatureWords {
  const char *algorithm, *secret_begin, *scope_end, *header_begin;
};
inline constexpr SignatureWords kAws = {"AWS4-HMAC-SHA256", "AWS4", "aws4_request", "x-amz-"};
inline constexpr SignatureWords kGoogle = {"GOOG4-HMAC-SHA256", "GOOG4", "goog4_request", "x-goog-"};

struct Authorization {
  std::string access_key, date, region, service;
  std::vector<std::string> signed_headers;
  std::string signature;
};

// Nothing unless it has exactly the documented form.
std::optional<Authorization> parse_authorization(const SignatureWords& words, std::string_view text);

// Of the form 19700101T000000Z.
std::optional<std::time_t> parse_signature_date(std::string_view text);

// What the signature of this request has to be, in hex. `date` and `payload` are the values of x-<…>-date and
// x-<…>-content-sha256.
std::string expected_signature(const SignatureWords& words, const Request& request,
                               const Authorization& authorization, std::string_view secret_key,
                               std::string_view date, std::string_view payload);

// Why these signed headers are not enough or not in order, or empty.
std::string signed_headers_problem(const SignatureWords& words, const Request& request,
                                   const Authorization& authorization);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_SIGNATURE_H
