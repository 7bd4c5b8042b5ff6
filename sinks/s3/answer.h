// What a store answered, and what that means for the caller.
//
// Plain values and functions without state. Any thread.
#ifndef TIDEMARK_SINKS_S3_ANSWER_H
#define TIDEMARK_SINKS_S3_ANSWER_H

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/answer.h"

namespace tidemark::sinks::s3 {

struct StoreAnswer : HttpAnswer {
  // What the client knows besides.
  bool is_to_head = false;      // no body, whatever the status
  std::string_view needs = {};  // the permissions that the request needs
  // For a refusal that may mean two things: nothing is known, it may pass by itself, it came again and again.
  enum class Lasts { kByCode, kMayPass, kLasts } lasts = Lasts::kByCode;
  std::string asked_region = {};  // that the request was signed for
  // The sink is open: what is wrong with the bucket, the account or the keys is RETRYABLE, because the whole
  // sink has to wait, and not one object is refused.
  bool is_in_use = false;
};

// The error in an answer
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html): <Error><Code>… with what else we
// use. An answer to HEAD has no body; then there is only what headers say.
struct StoreError {
  std::string code;
  std::string message;
  std::string region;    // the one to sign for, where the store says it
  std::string endpoint;  // where the bucket is to be asked, where the store says it
  std::string bucket;    // what the store took for the bucket's name, where it says it
  std::string request_id;
  bool is_broken = false;  // the answer has a document that is not whole
};
StoreError store_error(const HttpAnswer& answer);

// An answer that the caller did not expect, as an error: "<what>: <message> (<code>, HTTP
// <status>, request <id>)". 409 is RETRYABLE: a decision about the object is under way. NOT_FOUND is only
// what the store itself says: with its own <Error>, or to HEAD with its own headers. Any other 404 comes from
// somebody in between and is RETRYABLE.
Error error_of(const StoreAnswer& answer, std::string_view what);
// The same for what an answer about many objects says of one.
Error error_of(const StoreAnswer& answer, const StoreError& store, std::string_view what);
// The same for a request that needs no object: what is not found is then the bucket, so PERMANENT.
Error error_of_bucket(const StoreAnswer& answer, std::string_view what);

// Is the body empty, or a document that is neither an <Error> nor a page for people?
bool is_body_of_success(std::string_view text);

// Does the answer carry what only a store puts there?
bool has_request_id(const HttpAnswer& answer);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_ANSWER_H
