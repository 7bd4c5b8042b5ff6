// The transport of an imposter: it reads requests, lets a service answer them, and breaks connections as that
// says. One port is the store's; the other, the decoy's, is where nobody may go who has something to hide.
//
// Threads of its own serve. The constructor throws std::exception if it cannot serve; the destructor ends all
// connections and joins. Only server.cc knows Beast, so that nothing else pays for compiling it.
#ifndef TIDEMARK_TESTS_IMPOSTER_SERVER_H
#define TIDEMARK_TESTS_IMPOSTER_SERVER_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "imposter/faults.h"
#include "imposter/request.h"

namespace imposter {

// What a service makes of one request. Its functions come from one thread after the other.
class Conversation {
 public:
  virtual ~Conversation() = default;
  // After the head. An answer is final and comes before the body.
  virtual std::optional<Response> early() = 0;
  // Of the connection's: kResetBefore, kResetMiddle, kResetAfter, kLostAnswer, kStall.
  virtual Fault fault() const = 0;
  virtual bool expects_continue() const = 0;
  virtual uint32_t delay_ms() const = 0;      // of the answer
  virtual uint32_t put_delay_ms() const = 0;  // between the end of the body and what it is for
  virtual uint32_t stall_ms() const = 0;
  virtual void body(const char* data, size_t size) = 0;
  // After the whole body.
  virtual Response finish() = 0;
};

// Any thread.
class Served {
 public:
  virtual ~Served() = default;
  virtual std::unique_ptr<Conversation> begin(Request request) = 0;
  virtual void at_decoy(const Request& request) = 0;
  virtual void connected() = 0;
  // The answer to GET /-/state, which asks for no signature.
  virtual std::string state_json() const = 0;
};

struct ServerOptions {
  uint16_t port = 0;  // 0: any
  int threads = 2;
  std::string tls_certificate_file, tls_key_file;  // PEM; empty: HTTP
};

class Server {
 public:
  Server(Served& served, const ServerOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  uint16_t decoy_port() const;
  std::string endpoint() const;  // http://127.0.0.1:<port>, or https

 private:
  class Sockets;
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_SERVER_H
