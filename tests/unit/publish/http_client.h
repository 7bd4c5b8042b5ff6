// Just enough HTTP to see what a listener says: one request, all of the answer.
#ifndef TIDEMARK_TESTS_UNIT_PUBLISH_HTTP_CLIENT_H
#define TIDEMARK_TESTS_UNIT_PUBLISH_HTTP_CLIENT_H

#include <sys/socket.h>
#include <sys/time.h>

#include <string>
#include <string_view>

#include "base/fd.h"
#include "config/listen_address.h"

namespace tidemark::publish {

// The answer, or what came of it in that time; empty: nobody listens there.
inline std::string ask(const config::ListenAddress& address, std::string_view request, int patience_s = 60) {
  const UniqueFd fd(::socket(address.address()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience = {patience_s, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(fd.get(), address.address(), address.size()) != 0) return "";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
  std::string answer;
  char buffer[4096];
  for (ssize_t got; (got = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<size_t>(got));
  return answer;
}

inline std::string get(const config::ListenAddress& address, std::string_view path,
                       std::string_view headers = "") {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n").append(headers).append("\r\n");
  return ask(address, request);
}

// "http://127.0.0.1:80/metrics" as the address that it names.
inline config::ListenAddress address_of(const std::string& place) {
  if (place.front() == '/') return *config::ListenAddress::parse("unix:" + place);
  const size_t begin = std::string("http://").size();
  return *config::ListenAddress::parse(place.substr(begin, place.rfind('/') - begin));
}

}  // namespace tidemark::publish

#endif  // TIDEMARK_TESTS_UNIT_PUBLISH_HTTP_CLIENT_H
