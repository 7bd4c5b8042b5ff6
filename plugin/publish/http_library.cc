#include "publish/http_library.h"

#include <dlfcn.h>

#include <string>

namespace tidemark::publish {
namespace {

template <typename Function>
bool find(void* library, const char* name, Function* out) {
  *out = reinterpret_cast<Function>(dlsym(library, name));
  return *out != nullptr;
}

}  // namespace

Result<HttpLibrary> HttpLibrary::load(int flags, const char* file) {
  void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | flags);
  if (library == nullptr) {
    const char* const why = dlerror();
    return fail(
        TIDEMARK_E_UNSUPPORTED,
        "option metrics_listen needs GNU libmicrohttpd (Debian's package libmicrohttpd12), which cannot be "
        "loaded: " +
            std::string(why == nullptr ? "out of memory" : why));
  }
  HttpLibrary http;
  const bool has_all = find(library, "MHD_start_daemon", &http.start_daemon) &&
                       find(library, "MHD_stop_daemon", &http.stop_daemon) &&
                       find(library, "MHD_create_response_from_buffer", &http.create_response) &&
                       find(library, "MHD_add_response_header", &http.add_header) &&
                       find(library, "MHD_queue_response", &http.queue_response) &&
                       find(library, "MHD_destroy_response", &http.destroy_response) &&
                       find(library, "MHD_lookup_connection_value", &http.lookup_value);
  dlclose(library);  // it stays, see RTLD_NODELETE
  if (!has_all) return fail(TIDEMARK_E_UNSUPPORTED, std::string(file) + " is not GNU libmicrohttpd");
  return http;
}

}  // namespace tidemark::publish
