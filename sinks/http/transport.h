// HTTP over libcurl: a pool of sessions, each a set of easy handles with the connections they keep.
//
// A Transport serves all threads of a sink. A Session belongs to one call on one thread, which drives all
// transfers of the session itself: there are no threads here. The pool hands out the session last used, so
// there are as many connections as there are calls at once.
#ifndef TIDEMARK_SINKS_HTTP_TRANSPORT_H
#define TIDEMARK_SINKS_HTTP_TRANSPORT_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/mutex.h"
#include "base/result.h"
#include "http/body.h"
#include "http/http.h"
#include "http/proxy.h"

namespace tidemark::sinks {

inline constexpr size_t kTextMax = 1 << 20;

struct TransportOptions {
  std::string ca_file;                         // empty: the system's
  std::string ca_from = "option \"ca_file\"";  // who names that, for messages
  std::string proxy;                           // see ProxyRules
  uint64_t connect_timeout_ms = 5000;
  uint64_t stall_timeout_ms = 30'000;  // that long without a byte in either direction

  // For a whole exchange in which little goes either way: that one never ends which brings a byte now and
  // then.
  uint64_t small_answer_ms() const { return connect_timeout_ms + 2 * stall_timeout_ms; }
};

// One request and its answer. Stays where it is while it is on its way.
struct Transfer {
  std::string method;
  std::string url;
  Headers headers;
  Body* body = nullptr;  // NULL: a request without one
  bool use_proxy = true;
  uint32_t timeout_ms = 0;  // of all of it; 0: none but the call's
  // From the answer's beginning to its end, or to the first byte that on_data gets; 0: none.
  uint32_t answer_timeout_ms = 0;
  size_t text_max = kTextMax;  // a longer answer is an error
  bool may_expect = true;      // ask before a large body is sent
  // Where the bytes of a 2xx answer go instead of `text`. False: enough, the rest need not come.
  std::function<Result<bool>(Transfer&, std::string_view)> on_data;

  int status = 0;
  bool refused_to_expect = false;  // 417, also where libcurl has asked again since
  Headers answer;
  std::string text;
  std::string via;                // "through the proxy …"; empty: straight
  bool is_of_connection = false;  // outcome: libcurl's own, not that of a callback
  Status outcome;                 // OK: the answer came, whatever it says
};

class Transport {
 public:
  static Result<std::unique_ptr<Transport>> make(TransportOptions options);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // A Fetch.
  Result<HttpResponse> fetch(const HttpRequest& request, const Call& call);

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

  Status start(Transfer& transfer);
  // Moves everything on until one transfer has ended, which is returned; NULL when that has not happened for
  // `wait_ms`. An error is the call's own: cancelled, out of time.
  Result<Transfer*> drive(const Call& call, uint64_t wait_ms = UINT64_MAX);
  // The one transfer from start to end.
  Status run(Transfer& transfer, const Call& call);

 private:
  Error out_of_time(Error error) const;

  Transport& transport_;
  std::unique_ptr<Transport::Handles> handles_;
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_TRANSPORT_H
