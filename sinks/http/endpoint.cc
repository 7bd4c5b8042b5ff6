#include "http/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/line.h"
#include "base/printable.h"
#include "http/uri_encode.h"

namespace tidemark::sinks {
namespace {

constexpr uint32_t kPortMax = 65535;

bool is_alnum(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool takes_scheme(std::string_view* url, std::string_view scheme) {
  if (url->size() < scheme.size()) return false;
  const bool equal = std::equal(scheme.begin(), scheme.end(), url->begin(), [](char wanted, char c) {
    return wanted == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  if (equal) url->remove_prefix(scheme.size());
  return equal;
}

bool is_port(std::string_view text) {
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || port > kPortMax) return false;
    port = port * 10 + (c - '0');
  }
  return port > 0 && port <= kPortMax;
}

// "host", "host:port", "[::1]", "[::1]:port"
bool split_host(std::string_view host, std::string* name) {
  if (host.empty()) return false;
  size_t end;
  if (host[0] == '[') {
    end = host.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    *name = host.substr(1, end - 1);
    if (name->find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos) return false;
    ++end;
  } else {
    end = std::min(host.find(':'), host.size());
    *name = host.substr(0, end);
    if (name->empty() || !std::all_of(name->begin(), name->end(), [](char c) {
          return is_alnum(c) || c == '.' || c == '-' || c == '_';
        })) {
      return false;
    }
  }
  return end == host.size() || (host[end] == ':' && is_port(host.substr(end + 1)));
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  endpoint.tls = takes_scheme(&url, "https://");
  if (!endpoint.tls && !takes_scheme(&url, "http://")) {
    return fail(TIDEMARK_E_INVALID, "does not begin with https:// or http://");
  }
  const size_t end = std::min(url.find_first_of("/?#"), url.size());
  endpoint.host = url.substr(0, end);
  if (!split_host(endpoint.host, &endpoint.host_name)) {
    return fail(TIDEMARK_E_INVALID, "has no plain host, or a port that is not one");
  }
  const std::string_view own_port = endpoint.tls ? ":443" : ":80";
  if (endpoint.host.ends_with(own_port)) endpoint.host.resize(endpoint.host.size() - own_port.size());
  endpoint.path = url.substr(end);
  if (endpoint.path.empty() || endpoint.path[0] != '/') endpoint.path.insert(0, "/");
  for (const char c : endpoint.path) {
    if (c <= ' ' || c > '~' || c == '#' || c == '\\') {
      return fail(TIDEMARK_E_INVALID,
                  "has a character in its path that must be percent-encoded, or a fragment");
    }
  }
  return endpoint;
}

std::string endpoint_text(std::string_view text) {
  return printable_endpoint(text) == text ? ": " + quote(text) : std::string();
}

bool is_loopback(const std::string& host_name) {
  in_addr v4;
  if (inet_pton(AF_INET, host_name.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6;
  if (inet_pton(AF_INET6, host_name.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host_name == "localhost";
}

bool is_plain_path(std::string_view path) {
  if (encode_path(path) != path) return false;
  while (!path.empty()) {
    path.remove_prefix(1);  // '/'
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    path.remove_prefix(part.size());
  }
  return true;
}

}  // namespace tidemark::sinks
