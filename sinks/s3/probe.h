// Finds out at open, with an object of the sink's own that it removes again, what the store does with the
// headers on which the sink relies, and what its answers look like. Stores differ here: some ignore
// If-None-Match on one kind of request or on both, some refuse it, most do not look at x-amz-checksum-*; and
// the policy of a bucket may refuse every put without If-None-Match.
//
// Lives during open; one thread. Also proves that objects can be written, completed from parts and removed,
// and aborts old uploads while one of its own is there to be found.
#ifndef TIDEMARK_SINKS_S3_PROBE_H
#define TIDEMARK_SINKS_S3_PROBE_H

#include <optional>
#include <string>

#include "http/patience.h"
#include "s3/s3_sink.h"

namespace tidemark::sinks::s3 {

class Probe {
 public:
  Probe(S3Sink& sink, Patience& patience, const Call& call);
  Status run(Traits* traits);
  // Why there are no uploads in parts, where run() has found none.
  const std::string& no_multipart() const { return no_multipart_; }

 private:
  Status try_put(Traits* traits);
  Status write(bool conditional, Traits* traits, std::optional<StoreAnswer>* written);
  Status try_condition(Traits* traits);
  Status learn_etag(const StoreAnswer& written, Traits* traits);
  Status try_multipart(Traits* traits);
  Status try_parts(Traits* traits, const std::string& id);
  Status try_complete(Traits* traits, const std::string& id, const std::string& etag);
  Result<StoreAnswer> put(const Header& checksum, bool conditional);
  Result<StoreAnswer> ask(const Request& request) { return sink_.client_->ask(request, patience_, call_); }
  Error unexpected_answer(const StoreAnswer& answer, const char* what) const;
  void clean_up();

  S3Sink& sink_;
  Patience& patience_;
  const Call& call_;
  std::string key_;
  std::string no_multipart_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_PROBE_H
