// Small servers on loopback for what lies around a store: a metadata service, a proxy.
//
// A thread accepts, and one serves each connection; the destructor ends all of them and joins.
#ifndef TIDEMARK_TESTS_S3_LOOPBACK_H
#define TIDEMARK_TESTS_S3_LOOPBACK_H

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tidemark::sinks::s3 {

class LoopbackServer {
 public:
  using Serve = std::function<void(int fd)>;  // closes nothing; ends when the peer or this server has gone

  explicit LoopbackServer(Serve serve)
      : serve_(std::move(serve)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (bind(listener_, raw, size) != 0 || listen(listener_, 16) != 0 ||
        getsockname(listener_, raw, &size) != 0) {
      throw std::runtime_error("no port to be had");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : connections_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& one : servers_) one.join();
    for (const int fd : connections_) close(fd);
    close(listener_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  static bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // A request's head, with its empty line; what follows stays in *buffer. Empty at the end.
  static std::string read_head(int fd, std::string* buffer) {
    size_t end;
    while ((end = buffer->find("\r\n\r\n")) == std::string::npos) {
      char piece[4096];
      const ssize_t got = recv(fd, piece, sizeof piece, 0);
      if (got <= 0) return "";
      buffer->append(piece, static_cast<size_t>(got));
    }
    std::string head = buffer->substr(0, end + 4);
    buffer->erase(0, end + 4);
    return head;
  }

 private:
  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      connections_.push_back(fd);
      servers_.emplace_back([this, fd] {
        serve_(fd);
        shutdown(fd, SHUT_RDWR);
      });
    }
  }

  const Serve serve_;
  const int listener_;
  uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<int> connections_;
  std::vector<std::thread> servers_;
  std::thread acceptor_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_TESTS_S3_LOOPBACK_H
