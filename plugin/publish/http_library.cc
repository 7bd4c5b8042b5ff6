#include "publish/http_library.h"

#include <string>

namespace tidemark::publish {
namespace {

template <typename Function>
bool find(const Library& library, const char* name, Function* out) {
  *out = reinterpret_cast<Function>(library.symbol(name));
  return *out != nullptr;
}

}  // namespace

Result<HttpLibrary> HttpLibrary::load(int flags, const char* file) {
  auto library = Library::load(file, flags);
  if (!library && library.error().status != TIDEMARK_E_UNSUPPORTED) return library.error();
  if (!library) {
    return fail(TIDEMARK_E_UNSUPPORTED,
                "metrics_listen needs GNU libmicrohttpd (Debian's package libmicrohttpd12), which cannot be "
                "loaded: " +
                    library.error().message);
  }
  HttpLibrary http(*std::move(library));
  const bool has_all = find(http.library_, "MHD_start_daemon", &http.start_daemon) &&
                       find(http.library_, "MHD_stop_daemon", &http.stop_daemon) &&
                       find(http.library_, "MHD_create_response_from_buffer", &http.create_response) &&
                       find(http.library_, "MHD_add_response_header", &http.add_header) &&
                       find(http.library_, "MHD_queue_response", &http.queue_response) &&
                       find(http.library_, "MHD_destroy_response", &http.destroy_response) &&
                       find(http.library_, "MHD_lookup_connection_value", &http.lookup_value);
  if (!has_all) return fail(TIDEMARK_E_UNSUPPORTED, std::string(file) + " is not GNU libmicrohttpd");
  http.library_.leave_loaded();
  return http;
}

}  // namespace tidemark::publish
