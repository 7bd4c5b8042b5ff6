// Uploads that nobody finished.
#include "s3/upload.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr int64_t kOldUs = 24 * 60 * 60 * 1'000'000ll;
constexpr size_t kAbortsMax = 100;  // of one open; the next goes on

Status abort_upload(Client& client, Request request, const ListedUpload& upload, const Call& call) {
  request.query = {{"uploadId", upload.id}};
  const std::string what = request.what;
  const Result<StoreAnswer> answer = client.send(std::move(request), call);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->is_ok() || answer->status == 404) return {};
  return tl::unexpected(error_of(*answer, what));
}

}  // namespace

void sweep_uploads(S3Sink& sink, const Call& call) {
  Request request = sink.bucket_request("list the uploads of", "GET");
  const std::string what = request.what;
  request.query = {{"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", "1000"}};
  if (!sink.config_.prefix.empty()) request.query.emplace_back("prefix", sink.config_.prefix);
  request.text_max = 8 * kMiB;
  const Result<StoreAnswer> answer = sink.client_->send(std::move(request), call);
  if (!answer || !answer->is_ok()) {
    sink.log_.write(TIDEMARK_LOG_WARN, (answer ? error_of(*answer, what) : answer.error()).message +
                                           "; unfinished uploads stay");
    return;
  }
  const Result<std::vector<ListedUpload>> uploads = parse_uploads(answer->text);
  if (!uploads) {
    sink.log_.write(TIDEMARK_LOG_WARN, what + ": " + uploads.error().message);
    return;
  }
  const int64_t now_us = date_us(answer->headers).value_or(sink.client_->now_us());
  size_t aborted = 0;
  for (const ListedUpload& upload : *uploads) {
    if (!upload.key.starts_with(sink.config_.prefix) || upload.initiated_us > now_us - kOldUs) continue;
    const std::string_view key = std::string_view(upload.key).substr(sink.config_.prefix.size());
    const Status ok = abort_upload(
        *sink.client_, sink.object_request("abort the old upload of", "DELETE", key), upload, call);
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
