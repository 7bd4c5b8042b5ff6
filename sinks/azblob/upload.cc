#include "azblob/upload.h"

#include <sys/random.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>

#include "azblob/xml.h"
#include "http/part_pump.h"

namespace tidemark::sinks::azblob {
namespace {

constexpr uint64_t kBlocksAimed = 45'000;  // below the limit, so that rounding cannot reach it
constexpr std::string_view kNeedsBlocks =
    "the role Storage Blob Data Contributor, or in a signature c (create) or w (write)";

// Answers that leave open whether the blob came to be. 503 is sent before anything is done.
bool is_undecided(const StoreAnswer& answer) {
  return (answer.status >= 500 && answer.status != 501 && answer.status != 503) || answer.status == 408 ||
         answer.is_ok();
}

}  // namespace

uint64_t block_size_bytes(uint64_t object_bytes, uint64_t least_bytes) {
  const uint64_t size = std::max(least_bytes, (object_bytes + kBlocksAimed - 1) / kBlocksAimed);
  return std::min((size + kMiB - 1) / kMiB * kMiB, kBlockBytesMax);
}

std::string block_id(const std::string& nonce, uint64_t index) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llu", static_cast<unsigned long long>(index));
  const std::string raw = nonce + digits;
  assert(raw.size() == 32);
  return to_base64(reinterpret_cast<const uint8_t*>(raw.data()), raw.size());
}

Result<std::string> new_nonce() {
  uint8_t bytes[8];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return fail_sink_errno(errno, "getrandom");
  return to_hex(bytes, sizeof bytes);
}

Upload::Upload(AzblobSink& sink, std::string_view key, const Source& source, bool if_absent, const Call& call)
    : sink_(sink),
      key_(key),
      source_(source),
      if_absent_(if_absent),
      call_(call),
      block_bytes_(block_size_bytes(source.size_bytes(), sink.config_.block_size_bytes)) {}

Status Upload::run() {
  if (source_.size_bytes() > kBlobBytesMax) {
    return fail(TIDEMARK_E_PERMANENT, "put " + sink_.config_.name_of(key_) + ": " +
                                          std::to_string(source_.size_bytes()) +
                                          " bytes; Azure takes 50,000 blocks of 4000 MiB at most");
  }
  TM_ASSIGN(nonce_, new_nonce());
  TM_TRY(send_blocks());
  return commit();
}

Status Upload::send_blocks() {
  PartPump pump(source_, sink_.buffers_,
                {"put " + sink_.config_.name_of(key_),
                 block_bytes_,
                 sink_.config_.block_parallel,
                 {.sha256 = false, .crc32c = false, .md5 = true}});
  Session session(*sink_.transport_);
  const PartSender sender = {[&](uint64_t begin, uint64_t end, Digests& digests) {
                               return start_block(begin, end, digests, session);
                             },
                             [&](HttpRequest& ended) { return settle_block(ended, session); }};
  return pump.run(session, sender, call_);
}

Status Upload::start_block(uint64_t begin, uint64_t end, Digests& digests, Session& session) {
  assert(ids_.size() < kBlocksMax);  // block_size_bytes() has seen to that
  auto block = std::make_unique<Block>(source_, begin, end, sink_.buffers_);
  Request& request = block->request;
  request = sink_.blob_request("put", "PUT", key_, kNeedsBlocks);
  request.what += ", block " + std::to_string(ids_.size() + 1);
  ids_.push_back(block_id(nonce_, ids_.size()));
  request.query = {{"comp", "block"}, {"blockid", ids_.back()}};
  request.headers = {{"content-type", "application/octet-stream"}};
  TM_ASSIGN(std::string md5, digests.md5_base64());
  request.headers.push_back({"content-md5", std::move(md5)});
  request.body = &block->body;
  running_.push_back(std::move(block));
  return sink_.client_->start(session, running_.back()->request, call_);
}

Result<bool> Upload::settle_block(const HttpRequest& ended, Session& session) {
  const auto at = std::find_if(running_.begin(), running_.end(),
                               [&](const auto& block) { return &block->request == &ended; });
  assert(at != running_.end());
  Request& request = (*at)->request;
  if (!sink_.client_->settle(request)) {
    TM_TRY(sink_.client_->start(session, request, call_));
    return false;
  }
  const std::string what = request.what;
  const std::string md5(header(request.headers, "content-md5"));
  TM_ASSIGN(const StoreAnswer answer, Client::answer_of(request));
  Error error = error_of(answer, what);
  if (!answer.is_ok()) {
    if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
    return error;
  }
  // A block cannot be looked at, so any doubt sends the object once more. Where the digest of what arrived is
  // not said, the blob that is made of it is looked at: the store puts together only what it has.
  const std::string_view echoed = header(answer.headers, "content-md5");
  if (answer.status != 201 || !has_request_id(answer) || (!echoed.empty() && echoed != md5)) {
    error.status = TIDEMARK_E_RETRYABLE;
    return error;
  }
  if (echoed.empty()) are_blocks_proven_ = false;
  running_.erase(at);
  return true;
}

// The condition stands here: blocks alone are nobody's object.
Status Upload::commit() {
  assert(running_.empty());
  const std::string text = block_list_text(ids_);
  Digests digests({.sha256 = false, .crc32c = false, .md5 = true});
  digests.update(text.data(), text.size());
  TM_ASSIGN(const std::string md5, digests.md5_base64());
  Body body(text);
  Request request = sink_.blob_request("put together", "PUT", key_, kNeedsBlocks);
  request.query = {{"comp", "blocklist"}};
  request.headers = {{"content-type", "application/xml"}};
  sink_.add_blob_headers(&request.headers, "x-ms-blob-content-type");
  if (if_absent_) request.headers.push_back({"if-none-match", "*"});
  request.body = &body;
  request.takes_long = true;
  const std::string what = request.what;
  const Result<StoreAnswer> answer = sink_.client_->send(std::move(request), call_);
  if (!answer) return settle(answer.error());
  Error error = error_of(*answer, what);
  if (answer->status == 201 && has_request_id(*answer)) {
    const bool is_proven = are_blocks_proven_ && header(answer->headers, "content-md5") == md5;
    return is_proven ? Status() : look_back(header(answer->headers, "etag"), std::move(error));
  }
  if (is_undecided(*answer)) return settle(std::move(error));
  const Refusal refusal = if_absent_ ? refusal_of(*answer, store_error(*answer)) : Refusal::kNone;
  bool is_absent = false;
  if (refusal != Refusal::kNone) return sink_.decide(key_, refusal, std::move(error), &is_absent, call_);
  if (error.status == TIDEMARK_E_NOT_FOUND) error.status = TIDEMARK_E_PERMANENT;
  return error;
}

// The store keeps no digest of what was put together; a blob of the answer's ETag and of this size is ours.
Status Upload::look_back(std::string_view etag, Error error) {
  const auto match = [&](const Headers& there) {
    return !etag.empty() && header(there, "etag") == etag ? AzblobSink::Match::kSame
                                                          : AzblobSink::Match::kUnknown;
  };
  return sink_.settle_doubt(key_, source_.size_bytes(), match, std::move(error), if_absent_, call_);
}

Status Upload::settle(Error error) {
  return settle_undecided(std::move(error), if_absent_ && call_.check(),
                          [this] { return sink_.expect_absent(key_, call_); });
}

}  // namespace tidemark::sinks::azblob
