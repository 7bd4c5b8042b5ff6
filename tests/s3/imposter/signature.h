// AWS Signature Version 4 as a server sees it, header form only.
//
// Pure functions; any thread. On purpose a second implementation beside the sink's: a mistake would have to
// be made twice. Source: "Signature Calculations for the Authorization Header", Amazon S3 API reference.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_SIGNATURE_H
#define TIDEMARK_TESTS_S3_IMPOSTER_SIGNATURE_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imposter/request.h"

namespace imposter {

struct Authorization {
  std::string access_key, date, region, service;
  std::vector<std::string> signed_headers;
  std::string signature;
};

// Nothing unless it has exactly the documented form.
std::optional<Authorization> parse_authorization(std::string_view text);

// What the signature of this request has to be, in hex. `amz_date` and `payload` are the values of x-amz-date
// and x-amz-content-sha256.
std::string expected_signature(const Request& request, const Authorization& authorization,
                               std::string_view secret_key, std::string_view amz_date,
                               std::string_view payload);

// Why these signed headers are not enough or not in order, or empty.
std::string signed_headers_problem(const Request& request, const Authorization& authorization);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_SIGNATURE_H
