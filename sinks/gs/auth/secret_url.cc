#include "gs/auth/secret_url.h"

namespace tidemark::sinks::gs {

Result<Endpoint> parse_secret_url(std::string_view url) {
  Result<Endpoint> endpoint = parse_endpoint(url);
  if (endpoint && !endpoint->tls && !is_loopback(endpoint->host_name)) {
    return fail(TIDEMARK_E_INVALID, "is not https, and a secret would be sent there for all to read");
  }
  return endpoint;
}

bool is_of_machine(const Endpoint& endpoint) {
  return is_loopback(endpoint.host_name) || endpoint.host_name == "169.254.169.254" ||
         endpoint.host_name == "fd00:ec2::254" || endpoint.host_name == "metadata.google.internal";
}

}  // namespace tidemark::sinks::gs
