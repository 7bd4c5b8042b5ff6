// Requests to one bucket: each attempt shows a fresh token, or is signed with an HMAC key, and there is a
// second one only if the answer says that the token (401), the clock or Expect is not taken.
//
// Any thread. A proof is sent to the endpoint's own host and nowhere else; the requests of an upload session
// have none, because its address is the proof.
#ifndef TIDEMARK_SINKS_GS_CLIENT_H
#define TIDEMARK_SINKS_GS_CLIENT_H

#include <string>
#include <string_view>

#include "base/secret.h"
#include "common/table.h"
#include "gs/answer.h"
#include "gs/auth/tokens.h"
#include "gs/config.h"
#include "http/attempts.h"
#include "http/patience.h"
#include "http/signer.h"

namespace tidemark::sinks::gs {

// What the service adds to a request. With a token `path` is encoded already: in a name '/' is %2F.
struct Request : HttpRequest {
  std::string_view needs = {};  // the permissions it needs, for the message of a refusal; a literal
  bool has_digest = false;      // x-goog-hash is among the headers
  Secret session = {};          // of an upload: path and query, in place of `path`, `query` and a token

  // What the last attempt has shown, and whether it was repeated for it.
  Token token = {};
  bool redone_token = false;
};

inline constexpr SignerWords kGoogleWords = {"GOOG4-HMAC-SHA256", "GOOG4", "goog4_request", "x-goog-"};

class Client final : public Attempts {
 public:
  Client(const Config& config, Transport& transport, TokenProvider& tokens, HostLog log)
      : Attempts(transport, config.expects_continue, log), config_(config), tokens_(tokens) {}

  // The whole exchange. An error means that no answer came, or not all of it; `request` tells why.
  Result<StoreAnswer> send(Request& request, const Call& call);
  Result<StoreAnswer> send(Request&& request, const Call& call) { return send(request, call); }
  // send() with patience: tries again, as long as there is time, while the answer may pass by itself; then
  // gives the last.
  Result<StoreAnswer> ask(const Request& request, Patience& patience, const Call& call);

 private:
  // Every request of a client is a Request: nothing else is let in.
  Status prove(HttpRequest& request, const Call& call) override;
  bool is_to_repeat(HttpRequest& request) override;
  Status sign(Request& request);

  const Config& config_;
  TokenProvider& tokens_;
  KeySigner signer_{kGoogleWords, "storage", true};
};

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_CLIENT_H
