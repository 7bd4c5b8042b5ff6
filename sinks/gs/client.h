// Requests to one bucket: each attempt shows a fresh token, and there is a second one only if the answer says
// that the token is not taken (401), or that Expect is not.
//
// Any thread. A token is sent to the endpoint's own host and nowhere else; the requests of an upload session
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

namespace tidemark::sinks::gs {

// What the service adds to a request. `path` is encoded already: in a name '/' is %2F.
struct Request : HttpRequest {
  std::string_view needs = {};  // the permissions it needs, for the message of a refusal; a literal
  bool has_digest = false;      // x-goog-hash is among the headers
  Secret session = {};          // of an upload: path and query, in place of `path`, `query` and a token

  // What the last attempt has shown, and whether it was repeated for it.
  Token token = {};
  bool redone_token = false;
};

class Client final : public Attempts {
 public:
  Client(const Config& config, Transport& transport, TokenProvider& tokens, HostLog log)
      : Attempts(transport, config.expects_continue, log), config_(config), tokens_(tokens) {}

  // Of the JSON API: "/storage/v1/b/<bucket>/o" and "/<name>"; "/upload…" is where objects are put.
  std::string bucket_path() const { return "/storage/v1/b/" + encode_component(config_.bucket) + "/o"; }
  std::string object_path(std::string_view key) const {
    return bucket_path() + "/" + encode_component(config_.prefix + std::string(key));
  }
  std::string upload_path() const { return "/upload" + bucket_path(); }

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

  const Config& config_;
  TokenProvider& tokens_;
};

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_CLIENT_H
