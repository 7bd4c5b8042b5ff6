// What the service answered, and what that means for the caller.
//
// Plain values and functions without state. Any thread.
#ifndef TIDEMARK_SINKS_GS_ANSWER_H
#define TIDEMARK_SINKS_GS_ANSWER_H

#include <string>
#include <string_view>

#include "base/result.h"
#include "gs/json.h"
#include "http/answer.h"

namespace tidemark::sinks::gs {

struct StoreAnswer : HttpAnswer {
  // What the client knows besides.
  std::string_view needs = {};  // the permissions that the request needs
  bool has_digest = false;      // the request said what its body is
  // The sink is open: what is wrong with the bucket, the account or the token is RETRYABLE, because the whole
  // sink has to wait, and not one object is refused.
  bool is_in_use = false;
};

struct StoreError : ServiceError {
  bool is_of_service = false;  // else somebody on the way may have answered
};
StoreError store_error(const HttpAnswer& answer);

// An answer that the caller did not expect, as an error: "<what>: <message> (<reason>, HTTP <status>)".
// NOT_FOUND is only what the service itself says of an object, in JSON.
Error error_of(const StoreAnswer& answer, std::string_view what);
// The same for a request that needs no object: what is not found is then the bucket, so PERMANENT.
Error error_of_bucket(const StoreAnswer& answer, std::string_view what);

// Does the service say that an object of the name is there, and that therefore nothing was done?
bool is_condition_not_met(const StoreAnswer& answer);
// A refusal of a creation that may be about the object that is there, or about something else: a role without
// storage.objects.delete, a retention policy. A look at the object decides.
bool is_refusal_in_doubt(const StoreAnswer& answer);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_ANSWER_H
