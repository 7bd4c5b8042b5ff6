// What a store answered, and what that means for the caller.
//
// Plain values and functions without state. Any thread.
#ifndef TIDEMARK_SINKS_S3_ANSWER_H
#define TIDEMARK_SINKS_S3_ANSWER_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/error.h"
#include "s3/http.h"

namespace tidemark::sinks::s3 {

struct StoreAnswer {
  int status = 0;
  Headers headers;
  std::string text;  // of the body, where nobody took it

  bool is_ok() const { return status / 100 == 2; }
};

// The value of a header; empty if there is none.
std::string_view header(const Headers& headers, std::string_view name);

// The error in an answer
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html): <Error><Code>… with what else we
// use. An answer to HEAD has no body; then there is only what headers say.
struct StoreError {
  std::string code;
  std::string message;
  std::string region;  // the one to sign for, where the store says it
  std::string request_id;
  bool is_broken = false;  // the answer has a document that is not whole
};
StoreError store_error(const StoreAnswer& answer);

// An answer that is none of those the caller hoped for, as an error: "<what>: <message> (<code>, HTTP
// <status>, request <id>)". 409 is RETRYABLE: a decision about the object is under way.
Error error_of(const StoreAnswer& answer, std::string_view what);

// The time of the far side, from Date; nothing where there is none or it makes no sense. Microseconds.
std::optional<int64_t> date_us(const Headers& headers, std::string_view name = "date");

// As `date_us`, of a whole text.
std::optional<int64_t> parse_http_date_us(std::string_view text);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_ANSWER_H
