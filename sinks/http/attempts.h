// The attempts of a request: each is signed by itself, and if the answer says what was wrong another one is
// made, once for each reason. What the answers of one store say is known to its client, which derives from
// this; here is what HTTP knows: the Expect header, the clock, and how long an answer may take.
//
// Any thread. Remembers, from answers, the clock's offset and whether Expect may be sent.
#ifndef TIDEMARK_SINKS_HTTP_ATTEMPTS_H
#define TIDEMARK_SINKS_HTTP_ATTEMPTS_H

#include <atomic>
#include <cstdint>

#include "common/table.h"
#include "http/request.h"
#include "http/transport.h"

namespace tidemark::sinks {

class Attempts {
 public:
  Attempts(const Attempts&) = delete;
  Attempts& operator=(const Attempts&) = delete;

  // The sink is open: see HttpRequest::is_in_use.
  void set_in_use() { is_in_use_ = true; }
  // By the store's clock, as far as it is known.
  int64_t now_us() const;

 protected:
  Attempts(Transport& transport, bool expects_continue, HostLog log)
      : transport_(transport), log_(log), takes_expect_(expects_continue) {}
  ~Attempts() = default;

  // All attempts. OK: they have ended, and outcome_of() says how.
  Status attempt(HttpRequest& request, const Call& call);
  // The same in steps, for several at a time. settle() is asked when the request has ended: false if it has
  // to be started again.
  Status start(Session& session, HttpRequest& request, const Call& call);
  bool settle(HttpRequest& request);
  // OK: an answer came, and all of it.
  static Status outcome_of(const HttpRequest& request);

  // For an answer that says that the time is wrong: is it because the store's clock differs from ours?
  bool learn_clock(HttpRequest& request);
  const HostLog& log() const { return log_; }

 private:
  // Fills in url and proof (the signature).
  virtual Status prove(HttpRequest& request, const Call& call) = 0;
  // Does the answer, whatever it is, say why the request has to be made again?
  virtual bool is_to_repeat(HttpRequest& request) = 0;
  bool learn_expect(HttpRequest& request);

  Transport& transport_;
  const HostLog log_;
  std::atomic<int64_t> clock_offset_us_{0};
  std::atomic<bool> takes_expect_;
  std::atomic<bool> is_in_use_{false};
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_ATTEMPTS_H
