// Requests to one bucket: signed anew for every attempt, and attempted again, each time once, only where the
// answer says what was wrong: region, clock, token or key, the Expect header, or a body that did not arrive
// as it was sent.
//
// Any thread. Remembers the region, the clock's offset and whether Expect is taken, as answers taught it.
// Signed headers go to the endpoint's own host and nowhere else.
#ifndef TIDEMARK_SINKS_S3_CLIENT_H
#define TIDEMARK_SINKS_S3_CLIENT_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/mutex.h"
#include "common/table.h"
#include "http/transport.h"
#include "http/uri_encode.h"
#include "s3/answer.h"
#include "s3/auth/credentials.h"
#include "s3/auth/signer.h"
#include "s3/config.h"

namespace tidemark::sinks::s3 {

struct Request {
  std::string what;             // begins the message of an error: "put s3://bucket/key"
  std::string_view needs = {};  // the permissions it takes, for the message of a refusal; a literal
  std::string method;
  std::string path;  // of the url, not encoded
  QueryPairs query = {};
  Headers headers = {};  // all are signed
  Body* body = nullptr;
  bool repeats_body = true;         // where it did not arrive as it was sent
  std::string payload_sha256 = {};  // of a body that does not lie in memory
  size_t text_max = kTextMax;
  bool takes_long = false;  // a whole object comes back, or an answer that is begun long before it is known
  std::function<Result<bool>(Transfer&, std::string_view)> on_data = {};
};

// A request and its attempts. Stays where it is from start to settled.
struct Exchange {
  Request request;
  Transfer transfer = {};

  // What the last attempt was signed with, and what has been repeated for.
  Credentials credentials = {};
  std::string region = {};
  bool redone_region = false, redone_clock = false, redone_token = false, redone_key = false,
       redone_expect = false, redone_body = false;
  bool is_in_use = false;
  StoreAnswer::Lasts lasts = StoreAnswer::Lasts::kByCode;
};

class Client {
 public:
  Client(const Config& config, std::string region, Transport& transport, CredentialsProvider& credentials,
         HostLog log);

  std::string object_path(std::string_view key) const {
    return address_.base_path + "/" + config_.prefix + std::string(key);
  }
  std::string bucket_path() const { return address_.bucket_path(); }

  // The whole exchange. An error means that no answer came, or not all of it.
  Result<StoreAnswer> send(Request request, const Call& call);

  // The same in steps, for several at a time. settle() is asked when the transfer has ended: false if it has
  // to be started again.
  Status start(Session& session, Exchange& exchange, const Call& call);
  bool settle(Exchange& exchange);
  static Result<StoreAnswer> answer_of(Exchange& exchange);
  // The sink is open: see StoreAnswer::is_in_use.
  void set_in_use() { is_in_use_ = true; }
  // What requests are signed for.
  std::string region() const TM_EXCLUDES(mutex_);

  // By the store's clock, as far as it is known.
  int64_t now_us() const;

 private:
  Result<Headers> sign(const Request& request, const std::string& host, const Exchange& exchange);
  bool learn_region(const StoreAnswer& answer, const StoreError& error, Exchange& exchange);
  bool learn_clock(const StoreAnswer& answer, const StoreError& error, Exchange& exchange);
  bool learn_expect(Exchange& exchange);
  bool is_key_to_repeat(const StoreAnswer& answer, const StoreError& error, Exchange& exchange);
  bool is_body_to_repeat(const StoreError& error, Exchange& exchange);
  bool is_key_new(const std::string& access_key_id) const TM_EXCLUDES(mutex_);
  void note_key(const std::string& access_key_id) TM_EXCLUDES(mutex_);

  const Config& config_;
  const Address address_;  // but for the host, which follows the region where it is AWS's own
  Transport& transport_;
  CredentialsProvider& credentials_;
  HostLog log_;
  Signer signer_{"s3"};
  std::atomic<int64_t> clock_offset_us_{0};
  std::atomic<bool> takes_expect_;
  std::atomic<bool> is_in_use_{false};
  std::atomic<uint32_t> bodies_refused_{0};  // in a row, each twice; by what looks at a body's digests
  mutable Mutex mutex_;
  std::string region_ TM_GUARDED_BY(mutex_);
  std::string key_ TM_GUARDED_BY(mutex_);             // the access key last signed with
  int64_t key_changed_us_ TM_GUARDED_BY(mutex_) = 0;  // monotonic; 0: it is the first
};

// `error` with "<what>: " before its message.
Error within(std::string_view what, Error error);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_CLIENT_H
