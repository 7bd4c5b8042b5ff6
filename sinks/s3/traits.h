// What a store can and cannot do, as the probe at open found out. Constant afterwards.
#ifndef TIDEMARK_SINKS_S3_TRAITS_H
#define TIDEMARK_SINKS_S3_TRAITS_H

#include <cstdint>

namespace tidemark::sinks::s3 {

// What a store checks a body by.
enum class Checksum : uint8_t { kMd5, kCrc32c };

// What the ETag of an object is that went in one request.
enum class Etag : uint8_t {
  kMd5,
  kOpaque,  // not an MD5: encryption with KMS, and other stores' own ways
  kNone,    // not even HEAD shows one
};

struct Traits {
  bool conditional_put = true;       // If-None-Match: * on PUT is honoured
  bool conditional_complete = true;  // and on CompleteMultipartUpload
  bool multipart = true;
  Checksum checksum = Checksum::kCrc32c;  // kMd5 where the store does not look at x-amz-checksum-crc32c
  Etag etag = Etag::kMd5;
  bool puts_have_etag = true;
  bool echoes_crc32c = false;    // an answer to a put says what the store has calculated
  bool has_request_ids = false;  // answers carry x-amz-request-id
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_TRAITS_H
