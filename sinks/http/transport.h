// HTTP over libcurl: a pool of sessions, each a set of easy handles with the connections they keep.
//
// A Transport serves all threads of a sink. A Session belongs to one call on one thread, which drives all
// requests of the session itself: it has no threads of its own. The pool hands out the session last used, so
// there are only as many connections as calls at once.
#ifndef TIDEMARK_SINKS_HTTP_TRANSPORT_H
#define TIDEMARK_SINKS_HTTP_TRANSPORT_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/mutex.h"
#include "base/result.h"
#include "http/body.h"
#include "http/proxy.h"
#include "http/request.h"

namespace tidemark::sinks {

struct TransportOptions {
  std::string ca_file;                         // empty: the system's
  std::string ca_from = "option \"ca_file\"";  // who names that, for messages
  std::string proxy;                           // see ProxyRules
  uint64_t connect_timeout_ms = 5000;
  uint64_t stall_timeout_ms = 30'000;  // that long without a byte in either direction

  // The limit for a whole exchange of little data: without it one that brings a byte now and then never ends.
  uint64_t small_answer_ms() const { return connect_timeout_ms + 2 * stall_timeout_ms; }
};

class Transport {
 public:
  static Result<std::unique_ptr<Transport>> make(TransportOptions options);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // A Fetch.
  Result<HttpAnswer> fetch(HttpRequest& request, const Call& call);
  const TransportOptions& options() const { return options_; }

 private:
  friend class Session;
  struct Handles;
  explicit Transport(TransportOptions options);
  std::unique_ptr<Handles> take();
  void give_back(std::unique_ptr<Handles> handles);

  static constexpr size_t kIdleMax = 256;

  const TransportOptions options_;
  const ProxyRules proxies_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Handles>> idle_ TM_GUARDED_BY(mutex_);
};

class Session {
 public:
  explicit Session(Transport& transport);
  ~Session();  // what is still on its way is broken off, with its connection
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Sends `proof` once and wipes it: the next attempt brings its own.
  Status start(HttpRequest& request);
  // Moves everything on until one request has ended, which is returned; NULL when that has not happened for
  // `wait_ms`. An error is the call's own: cancelled, out of time.
  Result<HttpRequest*> drive(const Call& call, uint64_t wait_ms = UINT64_MAX);
  // The one request from start to end.
  Status run(HttpRequest& request, const Call& call);

 private:
  Error out_of_time(Error error) const;

  Transport& transport_;
  std::unique_ptr<Transport::Handles> handles_;
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_TRANSPORT_H
