// Removing blobs.
#include "azblob/azblob_sink.h"

namespace tidemark::sinks::azblob {

// With its snapshots, which would keep it for ever.
Status AzblobSink::remove(std::string_view key, const Call& call) {
  if (key.find('\\') != std::string_view::npos) return {};  // there is none, and '/' would be another
  Request request = blob_request("remove", "DELETE", key,
                                 "the role Storage Blob Data Contributor, or in a signature d (delete)");
  const std::string what = request.what;
  request.headers = {{"x-ms-delete-snapshots", "include"}};
  TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
  Error error = error_of(answer, what);
  if (!answer.is_ok()) {
    if (error.status == TIDEMARK_E_NOT_FOUND) return {};
    return error;
  }
  if (answer.status == 202 && has_request_id(answer)) return {};
  // A yes that does not show that it is the store's is looked after.
  const Status absent = expect_absent(key, call);
  if (absent || absent.error().status != TIDEMARK_E_EXISTS) return absent;
  error.status = TIDEMARK_E_RETRYABLE;
  error.message = what + ": HTTP " + std::to_string(answer.status) + ", but the blob is still there";
  return error;
}

}  // namespace tidemark::sinks::azblob
