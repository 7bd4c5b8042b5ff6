// The XML that stores answer with, and the little that they are sent. Text that ends too early is an error
// wherever a document is expected.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_S3_XML_H
#define TIDEMARK_SINKS_S3_XML_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "s3/answer.h"

namespace tidemark::sinks::s3 {

// Nothing if the text is no <Error> document.
std::optional<StoreError> parse_error(std::string_view text);

struct ListedObject {
  std::string key;
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
};
struct ListPage {
  std::vector<ListedObject> objects;
  std::string next_token;  // empty: the last page
};
// An answer to ListObjectsV2. RETRYABLE if it is not whole or says that there is more and not how to get it.
Result<ListPage> parse_list(std::string text);

// The UploadId in an answer to CreateMultipartUpload.
Result<std::string> parse_upload_id(std::string_view text);

struct ListedUpload {
  std::string key;
  std::string id;
  int64_t initiated_us = 0;
};
// One page of an answer to ListMultipartUploads.
Result<std::vector<ListedUpload>> parse_uploads(std::string_view text);

struct UploadedPart {
  std::string etag;
  std::string crc32c;  // base64; empty where the store does not take it
};
// The body of CompleteMultipartUpload.
std::string complete_text(const std::vector<UploadedPart>& parts);
// The ETag in its answer; nothing if the text is no whole <CompleteMultipartUploadResult>.
std::optional<std::string> parse_complete(std::string_view text);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_XML_H
