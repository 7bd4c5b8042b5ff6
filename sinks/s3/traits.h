// What a store can and cannot, as the probe at open found out. Constant afterwards.
#ifndef TIDEMARK_SINKS_S3_TRAITS_H
#define TIDEMARK_SINKS_S3_TRAITS_H

#include "s3/digests.h"

namespace tidemark::sinks::s3 {

struct Traits {
  bool conditional_put = true;       // If-None-Match: * on PUT is honoured
  bool conditional_complete = true;  // and on CompleteMultipartUpload
  bool multipart = true;
  Checksum checksum = Checksum::kCrc32c;  // kMd5 where the store does not look at x-amz-checksum-crc32c
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_TRAITS_H
