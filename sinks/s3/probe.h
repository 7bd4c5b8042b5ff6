// Finds out at open, with an object of the sink's own that it removes again, what the store does with the
// headers on which the sink relies. Stores differ here: some ignore If-None-Match on one kind of request or
// on both, some refuse it, most do not look at x-amz-checksum-*.
//
// Lives during open; one thread. Also proves that objects can be written, completed from parts and removed.
#ifndef TIDEMARK_SINKS_S3_PROBE_H
#define TIDEMARK_SINKS_S3_PROBE_H

#include <string>

#include "s3/s3_sink.h"

namespace tidemark::sinks::s3 {

class Probe {
 public:
  Probe(S3Sink& sink, const Call& call);
  Status run(Traits* traits);

 private:
  Status try_put(Traits* traits);
  Status try_checksum(Traits* traits, bool* written);
  Status try_condition(Traits* traits, bool written);
  Status try_multipart(Traits* traits);
  Status try_complete(Traits* traits, const std::string& id);
  Result<StoreAnswer> put(const Header& checksum, bool conditional);
  Result<StoreAnswer> ask(Request request);
  Error unexpected_answer(const StoreAnswer& answer, const char* what) const;
  void clean_up();

  S3Sink& sink_;
  const Call& call_;
  std::string key_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_PROBE_H
