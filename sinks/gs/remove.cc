// Removing objects.
#include "gs/gs_sink.h"

namespace tidemark::sinks::gs {

// A yes that is not the service's own is looked after.
Status GsSink::remove(std::string_view key, const Call& call) {
  Request request = about("remove", key, "storage.objects.delete", api_->remove(name_in_bucket(key)));
  TM_ASSIGN(const StoreAnswer answer, client_->send(request, call));
  if (answer.status == 204) return {};
  Error error = error_of(answer, request.what);
  if (error.status == TIDEMARK_E_NOT_FOUND) return {};
  if (!answer.is_ok()) return error;
  const Status absent = expect_absent(key, call);
  if (absent) return {};
  if (absent.error().status != TIDEMARK_E_EXISTS) return absent;
  error.status = TIDEMARK_E_RETRYABLE;
  error.message =
      request.what + ": HTTP " + std::to_string(answer.status) + ", but the object is still there";
  return error;
}

}  // namespace tidemark::sinks::gs
