// Uploads that nobody finished.
#include <algorithm>

#include "s3/upload.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr int64_t kOldUs = 24 * 60 * 60 * 1'000'000ll;
constexpr size_t kAbortsMax = 100;  // of one open; the next continues
constexpr int kSweptPagesMax = 10;  // of one listing

Status abort_upload(Client& client, Request request, const ListedUpload& upload, const Call& call) {
  request.query = {{"uploadId", upload.id}};
  const std::string what = request.what;
  TM_ASSIGN(const StoreAnswer answer, client.send(std::move(request), call));
  if (answer.is_ok() || store_error(answer).code == "NoSuchUpload") return {};
  return error_of(answer, what);
}

struct Listed {
  std::vector<ListedUpload> uploads;
  int64_t now_us = 0;  // by the store's clock
};

Result<Listed> list_uploads(Client& client, const Request& bucket, const std::string& prefix,
                            const Call& call) {
  Listed all;
  UploadsPage page;
  for (int pages = 0; pages == 0 || (!page.next_key.empty() && pages < kSweptPagesMax); ++pages) {
    Request request = bucket;
    request.query = {{"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", "1000"}};
    if (!prefix.empty()) request.query.emplace_back("prefix", prefix);
    if (!page.next_key.empty()) {
      request.query.emplace_back("key-marker", page.next_key);
      request.query.emplace_back("upload-id-marker", page.next_id);
    }
    request.text_max = 8 * kMiB;
    TM_ASSIGN(const StoreAnswer answer, client.send(std::move(request), call));
    if (!answer.is_ok()) return error_of(answer, bucket.what);
    Result<UploadsPage> parsed = parse_uploads(answer.text, prefix);
    if (!parsed) return within(bucket.what, parsed.error());
    page = std::move(*parsed);
    all.now_us = date_us(answer.headers).value_or(client.now_us());
    std::move(page.uploads.begin(), page.uploads.end(), std::back_inserter(all.uploads));
  }
  return all;
}

bool holds(const Listed& listed, const std::string& id) {
  return std::any_of(listed.uploads.begin(), listed.uploads.end(),
                     [&](const ListedUpload& upload) { return upload.id == id; });
}

}  // namespace

void sweep_uploads(S3Sink& sink, const std::string& known, const Call& call) {
  const Request bucket = sink.bucket_request("list the uploads of", "GET", "s3:ListBucketMultipartUploads");
  const std::string& prefix = sink.config_.prefix;
  Result<Listed> listed = list_uploads(*sink.client_, bucket, prefix, call);
  // Some stores list by prefix only where that is a whole key.
  if (listed && !prefix.empty() && !holds(*listed, known)) {
    listed = list_uploads(*sink.client_, bucket, "", call);
  }
  if (!listed) {
    sink.log_.write(TIDEMARK_LOG_WARN, listed.error().message + "; unfinished uploads stay");
    return;
  }
  if (!holds(*listed, known)) {
    sink.log_.write(TIDEMARK_LOG_DEBUG, bucket.what + ": the store does not list what is under way");
  }
  size_t aborted = 0;
  for (const ListedUpload& upload : listed->uploads) {
    if (!upload.key.starts_with(prefix) || upload.initiated_us > listed->now_us - kOldUs) continue;
    const std::string_view key = std::string_view(upload.key).substr(prefix.size());
    const Status ok =
        abort_upload(*sink.client_,
                     sink.object_request("abort the old upload of", "DELETE", key, "s3:AbortMultipartUpload"),
                     upload, call);
    if (!ok) {
      sink.log_.write(TIDEMARK_LOG_WARN, ok.error().message);
      break;
    }
    if (++aborted == kAbortsMax) break;
  }
  if (aborted > 0) {
    sink.log_.write(TIDEMARK_LOG_INFO, "aborted " + std::to_string(aborted) + " uploads below " +
                                           sink.config_.name_of("") + " that were begun more than a day ago");
  }
}

}  // namespace tidemark::sinks::s3
