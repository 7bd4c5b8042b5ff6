// Requests to one container: proven anew for every attempt, and attempted again only if the answer says what
// was wrong, once for each reason: clock, token, the Expect header, or a body that did not arrive as it was
// sent.
//
// Any thread. What proves who asks is sent to the endpoint's own host and nowhere else.
#ifndef TIDEMARK_SINKS_AZBLOB_CLIENT_H
#define TIDEMARK_SINKS_AZBLOB_CLIENT_H

#include <atomic>
#include <cstdint>
#include <string>

#include "azblob/answer.h"
#include "azblob/auth/credentials.h"
#include "azblob/config.h"
#include "http/attempts.h"
#include "http/patience.h"

namespace tidemark::sinks::azblob {

// What Azure adds to a request.
struct Request : HttpRequest {
  std::string_view needs = {};  // the permissions it needs, for the message of a refusal; a literal

  // What the last attempt was proven with, and what has been repeated for.
  Credentials credentials = {};
  bool redone_token = false, redone_body = false;
  bool lasts = false;
  int64_t ended_us = 0;  // see StoreAnswer
};

class Client final : public Attempts {
 public:
  Client(const Config& config, Transport& transport, CredentialsProvider& credentials, HostLog log);

  // The whole exchange. An error means that no answer came, or not all of it.
  Result<StoreAnswer> send(Request request, const Call& call);
  // send() with patience: tries again, as long as there is time, while the answer may pass by itself; then
  // gives the last.
  Result<StoreAnswer> ask(const Request& request, Patience& patience, const Call& call);

  // The same as send() in steps, for several at a time. settle() is asked when the request has ended: false
  // if it has to be started again.
  Status start(Session& session, Request& request, const Call& call) {
    return Attempts::start(session, request, call);
  }
  bool settle(Request& request) { return Attempts::settle(request); }
  static Result<StoreAnswer> answer_of(Request& request);

 private:
  // Every request of a client is a Request: nothing else is let in.
  Status prove(HttpRequest& asked, const Call& call) override;
  bool is_to_repeat(HttpRequest& asked) override;
  bool is_token_to_repeat(const StoreError& error, Request& request);
  bool is_body_to_repeat(const StoreError& error, Request& request);

  const Config& config_;
  CredentialsProvider& credentials_;
  std::atomic<uint32_t> bodies_refused_{0};  // in a row, each twice; by what looks at a body's digest
};

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_CLIENT_H
