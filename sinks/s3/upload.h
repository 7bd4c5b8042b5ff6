// One multipart upload: the body in parts, several on their way at a time, all driven by the thread of the
// put.
//
// Lives on the stack of one put; one thread. Memory: a buffer of the pool for each part on its way, and
// libcurl's. A failure leaves no parts (as far as the store can be reached), unless it is not known whether
// the store has put the object together; then the sweep at a later open removes them.
#ifndef TIDEMARK_SINKS_S3_UPLOAD_H
#define TIDEMARK_SINKS_S3_UPLOAD_H

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/digests.h"
#include "s3/s3_sink.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {

// So that the parts are at most kPartsMax: at least `least_bytes`, a multiple of 1 MiB.
uint64_t part_size_bytes(uint64_t object_bytes, uint64_t least_bytes);

class Upload {
 public:
  Upload(S3Sink& sink, std::string_view key, const Source& source, bool if_absent, const Call& call);
  Status run();

  // The steps; the probe uses them with a body of its own.
  Status create();
  Status send_parts();
  // What the store said to CompleteMultipartUpload.
  Result<StoreAnswer> complete(bool conditional);
  void abort();

 private:
  struct Part {
    Part(size_t number, const Source& source, uint64_t begin, uint64_t end, BufferPool& pool)
        : index(number), body(source, begin, end - begin, &pool) {}

    size_t index;
    Body body;
    Sent sent;
    Request request;
  };
  bool by_crc() const { return sink_.traits_.checksum == Checksum::kCrc32c; }
  Status start_part(uint64_t begin, uint64_t end, Digests& digests, Session& session);
  // False: it was started again.
  Result<bool> settle_part(const HttpRequest& ended, Session& session);
  Status end_part(Part& part);
  Status finish();
  Status settle(Error error);
  Status verify(const std::string& etag, std::chrono::steady_clock::duration took, bool is_alone);

  S3Sink& sink_;
  const std::string key_;
  const Source& source_;
  const bool if_absent_;
  const Call& call_;
  const uint64_t part_bytes_;
  std::string id_;
  std::deque<std::unique_ptr<Part>> running_;
  std::vector<UploadedPart> parts_;
};

// Aborts what uploads below the prefix were begun more than a day ago: nobody works on those any more. A
// bounded amount of work; problems are logged, they do not keep a sink from opening. `known` is the id of an
// upload below the prefix that is under way: a listing without it leaves others out too.
void sweep_uploads(S3Sink& sink, const std::string& known, const Call& call);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_UPLOAD_H
