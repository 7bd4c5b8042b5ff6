#include "config/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

namespace tidemark::config {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr const char* kWanted =
    "ADDRESS:PORT with a numeric address, such as 127.0.0.1:9187 or [::1]:9187, or unix:/path is needed";

Error invalid(const std::string& why) { return fail(TIDEMARK_E_INVALID, why); }

}  // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  ListenAddress result;
  result.text_ = text;
  if (text.find('\0') != std::string_view::npos) return invalid(kWanted);
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    sockaddr_un address{};
    if (path.empty() || path.front() != '/') return invalid("unix: needs an absolute path");
    if (path.size() >= sizeof address.sun_path) {
      return invalid("the path of a socket has at most " + std::to_string(sizeof address.sun_path - 1) +
                     " bytes");
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    std::memcpy(&result.storage_, &address, sizeof address);
    result.size_ = sizeof address;
    result.unix_path_ = path;
    return result;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid(kWanted);
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc() || stop != digits.data() + digits.size())
    return invalid(std::string(kWanted) + "; the port is a number from 0 to 65535");
  std::string host(text.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    if (::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) != 1) return invalid(kWanted);
    std::memcpy(&result.storage_, &address, sizeof address);
    result.size_ = sizeof address;
    return result;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return invalid(kWanted);
  std::memcpy(&result.storage_, &address, sizeof address);
  result.size_ = sizeof address;
  return result;
}

bool ListenAddress::is_local() const {
  if (storage_.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage_);
    return ntohl(in.sin_addr.s_addr) >> 24U == 127;
  }
  if (storage_.ss_family == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage_).sin6_addr) != 0;
  }
  return true;
}

}  // namespace tidemark::config
