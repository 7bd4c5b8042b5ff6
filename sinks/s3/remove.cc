// Removing objects.
#include "s3/s3_sink.h"

namespace tidemark::sinks::s3 {

// A yes that does not show that it is the store's, from a store whose answers do, is looked after.
Status S3Sink::remove(std::string_view key, const Call& call) {
  Request request = object_request("remove", "DELETE", key, "s3:DeleteObject");
  const std::string what = request.what;
  TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
  if (!answer.is_ok()) {
    Error error = error_of(answer, what);
    if (error.status == TIDEMARK_E_NOT_FOUND) return {};
    return error;
  }
  const bool is_plain = (answer.status == 200 || answer.status == 204) && is_body_of_success(answer.text);
  if (is_plain && (has_request_id(answer) || !traits_.has_request_ids)) return {};
  const Result<StoreAnswer> there = head_answer(key, call);
  if (!there && there.error().status == TIDEMARK_E_NOT_FOUND) return {};
  if (!there) return there.error();
  Error error = error_of(answer, what);
  error.status = TIDEMARK_E_RETRYABLE;
  error.message = what + ": HTTP " + std::to_string(answer.status) + ", but the object is still there";
  return error;
}

}  // namespace tidemark::sinks::s3
