#include "gs/auth/secret_url.h"

namespace tidemark::sinks::gs {

Result<Endpoint> parse_secret_url(std::string_view url) {
  Result<Endpoint> endpoint = parse_endpoint(url);
  if (endpoint && !endpoint->tls && !is_loopback(endpoint->host_name)) {
    return fail(TIDEMARK_E_INVALID, "is not https, and a secret would be sent there for all to read");
  }
  return endpoint;
}

}  // namespace tidemark::sinks::gs
