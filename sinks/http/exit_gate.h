// Keeps threads out of libcurl and OpenSSL once exit() has begun: OpenSSL takes itself apart in a handler of
// its own there, while uploads may still run on threads that nobody stopped.
//
// Any thread. Code that runs in another exit handler later (a host's static object that closes its archiver)
// gets an error from every call instead of a crash, and objects of the libraries are not freed any more.
#ifndef TIDEMARK_SINKS_HTTP_EXIT_GATE_H
#define TIDEMARK_SINKS_HTTP_EXIT_GATE_H

#include "base/result.h"

namespace tidemark::sinks {

class ExitGate {
 public:
  // Initialises libcurl (and with it OpenSSL) before it sets the gate up, once in the life of the process:
  // exit handlers run in the reverse order of their registration. RETRYABLE if libcurl cannot be initialised.
  static Status install();

  // While one of these lives, and says that it is open, exit() waits for it; for a second at most.
  class Pass {
   public:
    Pass();
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    bool is_open() const { return open_; }
    Status check() const;  // CANCELLED when it is not open

   private:
    bool open_;
  };
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_EXIT_GATE_H
