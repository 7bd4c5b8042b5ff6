// The XML that stores answer with, and the little that is sent to them. Text that ends too early is an error
// wherever a document is expected. See http/xml.h for what is skipped.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_S3_XML_H
#define TIDEMARK_SINKS_S3_XML_H

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/listing.h"
#include "s3/answer.h"

namespace tidemark::sinks::s3 {

// Nothing if the text is not an <Error> document.
std::optional<StoreError> parse_error(std::string_view text);

// An answer to ListObjectsV2 for `prefix`, of keys after `after`, and of folders where it has any. Stores
// understand encoding-type=url differently; the meaning is used that gives keys that were asked for, in their
// order.
//
// RETRYABLE if it is not whole; PERMANENT if it is and cannot be understood.
Result<ListPage> parse_list(std::string_view text, std::string_view prefix = {}, std::string_view after = {});

// Why an answer of 2xx without an <Error> is not a page of a listing, of which `page` was made.
Error not_a_page(const StoreAnswer& answer, const Result<ListPage>& page, std::string_view what);

// The UploadId in an answer to CreateMultipartUpload.
Result<std::string> parse_upload_id(std::string_view text);

struct ListedUpload {
  std::string key;
  std::string id;
  int64_t initiated_us = 0;
};
struct UploadsPage {
  std::vector<ListedUpload> uploads;
  std::string next_key, next_id;  // empty: the last page
};
// An answer to ListMultipartUploads for `prefix`; keys are read as those of parse_list().
Result<UploadsPage> parse_uploads(std::string_view text, std::string_view prefix = {});

struct UploadedPart {
  std::string etag;
  std::string crc32c;  // base64; empty where the store does not take it
};
// The body of CompleteMultipartUpload.
std::string complete_text(const std::vector<UploadedPart>& parts);
// The ETag in its answer; nothing if the text is not a whole <CompleteMultipartUploadResult>.
std::optional<std::string> parse_complete(std::string_view text);

// The body of DeleteObjects: names in UTF-8 without control characters. Not quiet: each name is answered for.
std::string delete_text(const std::vector<std::string>& names);
struct Removals {
  std::set<std::string, std::less<>> gone;  // deleted, or NoSuchKey
  std::map<std::string, StoreError, std::less<>> refused;
};
// Its answer; nothing if the text is not a whole <DeleteResult>.
std::optional<Removals> parse_delete(std::string_view text);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_XML_H
