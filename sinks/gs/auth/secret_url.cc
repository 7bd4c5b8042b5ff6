#include "gs/auth/secret_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace tidemark::sinks::gs {

bool is_loopback(const std::string& host_name) {
  in_addr v4;
  if (inet_pton(AF_INET, host_name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  if (inet_pton(AF_INET6, host_name.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host_name == "localhost";
}

Result<Endpoint> parse_secret_url(std::string_view url) {
  Result<Endpoint> endpoint = parse_endpoint(url);
  if (endpoint && !endpoint->tls && !is_loopback(endpoint->host_name)) {
    return fail(TIDEMARK_E_INVALID, "is not https, and a secret would be sent there for all to read");
  }
  return endpoint;
}

}  // namespace tidemark::sinks::gs
