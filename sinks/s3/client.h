// Requests to one bucket: signed for every attempt, and attempted again only if the answer says what was
// wrong, once for each reason: region, clock, token or key, the Expect header, or a body that did not arrive
// as it was sent.
//
// Any thread. Remembers, besides what Attempts does, the region that answers name. Signed headers are sent to
// the endpoint's own host and nowhere else.
#ifndef TIDEMARK_SINKS_S3_CLIENT_H
#define TIDEMARK_SINKS_S3_CLIENT_H

#include <atomic>
#include <climits>
#include <cstdint>
#include <string>

#include "base/mutex.h"
#include "common/table.h"
#include "http/attempts.h"
#include "http/patience.h"
#include "s3/answer.h"
#include "s3/auth/credentials.h"
#include "s3/auth/signer.h"
#include "s3/config.h"

namespace tidemark::sinks::s3 {

// What S3 adds to a request.
struct Request : HttpRequest {
  std::string_view needs = {};  // the permissions it needs, for the message of a refusal; a literal
  bool repeats_body = true;     // where it did not arrive as it was sent

  // What the last attempt was signed with, and what has been repeated for.
  Credentials credentials = {};
  std::string region = {};
  bool redone_region = false, redone_token = false, redone_key = false, redone_body = false;
  StoreAnswer::Lasts lasts = StoreAnswer::Lasts::kByCode;
};

class Client final : public Attempts {
 public:
  Client(const Config& config, std::string region, Transport& transport, CredentialsProvider& credentials,
         HostLog log);

  std::string object_path(std::string_view key) const {
    return address_.base_path + "/" + config_.prefix + std::string(key);
  }
  std::string bucket_path() const { return address_.bucket_path(); }

  // The whole exchange. An error means that no answer came, or not all of it.
  Result<StoreAnswer> send(Request request, const Call& call);
  // send() with patience: tries again, as long as there is time, while the answer may pass by itself; then
  // gives the last. A 404 that is not the store's own counts as the store's when it comes after `pages_max`
  // others.
  Result<StoreAnswer> ask(const Request& request, Patience& patience, const Call& call,
                          int pages_max = INT_MAX);

  // The same as send() in steps, for several at a time. settle() is asked when the request has ended: false
  // if it has to be started again.
  Status start(Session& session, Request& request, const Call& call) {
    return Attempts::start(session, request, call);
  }
  bool settle(Request& request) { return Attempts::settle(request); }
  static Result<StoreAnswer> answer_of(Request& request);
  // What requests are signed for.
  std::string region() const TM_EXCLUDES(mutex_);

 private:
  // Every request of a client is a Request: nothing else is let in.
  Status prove(HttpRequest& request, const Call& call) override;
  bool is_to_repeat(HttpRequest& request) override;
  Status settle_payload(Request& request) const;
  bool learn_region(const StoreError& error, Request& request);
  bool is_token_to_repeat(const StoreError& error, Request& request);
  bool is_key_to_repeat(const StoreError& error, Request& request);
  bool is_body_to_repeat(const StoreError& error, Request& request);
  bool is_key_new(const std::string& access_key_id) const TM_EXCLUDES(mutex_);
  void note_key(const std::string& access_key_id) TM_EXCLUDES(mutex_);

  const Config& config_;
  const Address address_;  // but for the host, which follows the region where it is AWS's own
  CredentialsProvider& credentials_;
  Signer signer_{"s3"};
  std::atomic<uint32_t> bodies_refused_{0};  // in a row, each twice; by what looks at a body's digests
  mutable Mutex mutex_;
  std::string region_ TM_GUARDED_BY(mutex_);
  std::string key_ TM_GUARDED_BY(mutex_);             // the access key last signed with
  int64_t key_changed_us_ TM_GUARDED_BY(mutex_) = 0;  // monotonic; 0: it is the first
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_CLIENT_H
