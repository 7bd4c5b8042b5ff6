// GNU libmicrohttpd, loaded when metrics are to be served: it brings GnuTLS along, which no engine should
// have in its process for something that is off.
//
// A value, immutable once loaded; any thread. The library stays in the process: GnuTLS does not like to
// leave.
#ifndef TIDEMARK_PUBLISH_HTTP_LIBRARY_H
#define TIDEMARK_PUBLISH_HTTP_LIBRARY_H

#include <microhttpd.h>

#include "base/result.h"

namespace tidemark::publish {

class HttpLibrary {
 public:
  // `flags` of dlopen besides RTLD_NOW and RTLD_LOCAL. UNSUPPORTED says which package is missing.
  static Result<HttpLibrary> load(int flags, const char* file = "libmicrohttpd.so.12");

  decltype(&MHD_start_daemon) start_daemon = nullptr;
  decltype(&MHD_stop_daemon) stop_daemon = nullptr;
  decltype(&MHD_create_response_from_buffer) create_response = nullptr;
  decltype(&MHD_add_response_header) add_header = nullptr;
  decltype(&MHD_queue_response) queue_response = nullptr;
  decltype(&MHD_destroy_response) destroy_response = nullptr;
  decltype(&MHD_lookup_connection_value) lookup_value = nullptr;
};

}  // namespace tidemark::publish

#endif  // TIDEMARK_PUBLISH_HTTP_LIBRARY_H
