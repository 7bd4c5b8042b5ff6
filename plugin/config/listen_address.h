// Where metrics are served: a TCP address of this machine, or a Unix socket.
//
// A value; any thread. Parsing looks nothing up: names of hosts are not taken.
#ifndef TIDEMARK_CONFIG_LISTEN_ADDRESS_H
#define TIDEMARK_CONFIG_LISTEN_ADDRESS_H

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::config {

class ListenAddress {
 public:
  // "127.0.0.1:9187", "[::1]:9187" or "unix:/run/engine/metrics.sock"; port 0 is any that is free. The
  // error's message says what is needed.
  static Result<ListenAddress> parse(std::string_view text);

  // Only this machine reaches it.
  bool is_local() const;
  // The path of a Unix socket; empty: TCP.
  const std::string& unix_path() const { return unix_path_; }
  // As it was given.
  const std::string& text() const { return text_; }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }

 private:
  std::string text_;
  std::string unix_path_;
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace tidemark::config

#endif  // TIDEMARK_CONFIG_LISTEN_ADDRESS_H
