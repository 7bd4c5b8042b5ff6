// Looking at objects, reading and removing them.
#include <charconv>

#include "base/line.h"
#include "s3/s3_sink.h"

namespace tidemark::sinks::s3 {
namespace {

// More than any object has, and far from the edge of what a store can count with.
constexpr uint64_t kBeyondBytes = 1ull << 50;

constexpr std::string_view kNeedsGet = "s3:GetObject, and s3:ListBucket to tell what is not there";

bool parse_number(std::string_view text, uint64_t* out) {
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return problem == std::errc() && rest == text.data() + text.size();
}

// "bytes 5-9/100" (RFC 9110, 14.4).
bool parse_content_range(std::string_view text, uint64_t* first, uint64_t* last, uint64_t* total) {
  if (!text.starts_with("bytes ")) return false;
  text.remove_prefix(6);
  const size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return false;
  return parse_number(text.substr(0, dash), first) &&
         parse_number(text.substr(dash + 1, slash - dash - 1), last) &&
         parse_number(text.substr(slash + 1), total) && *first <= *last && *last < *total;
}

// Does the store itself say that the object is shorter?
bool is_range_answer(const StoreAnswer& answer) {
  return header(answer.headers, "content-range").starts_with("bytes */") ||
         store_error(answer).code == "InvalidRange";
}

// The Range header for what is asked; "" for the whole object.
std::string range_header(const Range& range) {
  if (range.offset < 0) {
    const uint64_t back = std::min(-static_cast<uint64_t>(range.offset), kBeyondBytes);
    return "bytes=-" + std::to_string(back);
  }
  const auto begin = static_cast<uint64_t>(range.offset);
  const bool open = range.size >= kBeyondBytes;
  if (begin == 0 && open) return "";
  return "bytes=" + std::to_string(begin) + "-" + (open ? "" : std::to_string(begin + range.size - 1));
}

// Takes the bytes of one answer to the writer: of a whole object those that were asked for, of a part all,
// after a look whether it is the right one.
class Receiver {
 public:
  Receiver(const Range& range, const Writer& out) : range_(range), out_(out) {}

  Result<bool> take(const Transfer& transfer, std::string_view data) {
    if (!begun_) {
      TM_TRY(begin(transfer.status, transfer.answer));
    }
    if (skip_ > 0) {
      const size_t skipped = std::min<uint64_t>(skip_, data.size());
      skip_ -= skipped;
      data.remove_prefix(skipped);
    }
    const std::string_view wanted = data.substr(0, std::min<uint64_t>(left_, data.size()));
    if (!wanted.empty()) {
      TM_TRY(out_.write(wanted.data(), wanted.size()));
      left_ -= wanted.size();
    }
    return left_ > 0 || data.size() == wanted.size();
  }

  // After the last byte.
  Status finish(const StoreAnswer& answer) {
    if (!begun_) {
      TM_TRY(begin(answer.status, answer.headers));
    }
    if (left_ == 0 || is_open_) return {};
    return fail(TIDEMARK_E_RETRYABLE,
                "the store's answer ended " + std::to_string(left_) + " bytes too early");
  }

 private:
  Status begin(int status, const Headers& headers) {
    begun_ = true;
    if ((status != 200 && status != 206) || !is_object_type(header(headers, "content-type"))) {
      return fail(TIDEMARK_E_RETRYABLE, "HTTP " + std::to_string(status) + " with " +
                                            quote(header(headers, "content-type")) +
                                            " is not the object; is a proxy in the way?");
    }
    const auto wrong = [](const std::string& what) {
      return fail(TIDEMARK_E_RETRYABLE, "the store sent another range than it was asked for: " + what);
    };
    if (status == 206) {
      const std::string_view text = header(headers, "content-range");
      uint64_t first = 0, last = 0, total = 0, begin = 0, end = 0;
      if (!parse_content_range(text, &first, &last, &total)) return wrong(quote(text));
      range_.resolve(total, &begin, &end);
      if (first != begin || last + 1 != end) return wrong(quote(text));
      left_ = end - begin;
      uint64_t sent = left_;
      parse_number(header(headers, "content-length"), &sent);
      if (sent != left_) return wrong(std::to_string(sent) + " bytes for " + quote(text));
      return {};
    }
    uint64_t total = 0;
    if (parse_number(header(headers, "content-length"), &total)) {
      uint64_t end = 0;
      range_.resolve(total, &skip_, &end);
      left_ = end - skip_;
      return {};
    }
    if (range_.offset != 0) return wrong("all of it, without its length");
    left_ = range_.size;
    is_open_ = true;  // the end of the answer is the end of the object, as far as HTTP can tell
    return {};
  }

  const Range range_;
  const Writer& out_;
  bool begun_ = false;
  bool is_open_ = false;
  uint64_t skip_ = 0;
  uint64_t left_ = 0;
};

}  // namespace

Result<StoreAnswer> S3Sink::head_answer(std::string_view key, const Call& call, bool with_checksum) {
  Request request = object_request("head", "HEAD", key, kNeedsGet);
  if (with_checksum && traits_.checksum == Checksum::kCrc32c) {
    request.headers.push_back({"x-amz-checksum-mode", "ENABLED"});
  }
  const std::string what = request.what;
  Result<StoreAnswer> answer = client_->send(std::move(request), call);
  if (!answer) return answer;
  if (answer->status == 404 && !has_request_id(*answer)) {
    return confirm_absence(key, *answer, call);
  }
  if (!answer->is_ok()) return error_of(*answer, what);
  if (answer->status != 200 || !is_object_type(header(answer->headers, "content-type"))) {
    return fail(TIDEMARK_E_RETRYABLE, what + ": HTTP " + std::to_string(answer->status) + " with " +
                                          quote(header(answer->headers, "content-type")) +
                                          " is not about the object; is a proxy in the way?");
  }
  return answer;
}

// The answer to HEAD has no body that would show that the store wrote it; that to GET has.
Error S3Sink::confirm_absence(std::string_view key, const StoreAnswer& answer, const Call& call) {
  Request request = object_request("head", "GET", key, kNeedsGet);
  const std::string what = request.what;
  request.headers.push_back({"range", "bytes=0-0"});
  request.text_max = kTextMax;
  request.on_data = [](Transfer&, std::string_view) -> Result<bool> { return false; };
  const Result<StoreAnswer> got = client_->send(std::move(request), call);
  if (!got) return got.error();
  if (got->status / 100 != 2 && got->status != 416) return error_of(*got, what);
  Error error = error_of(answer, what);
  error.status = TIDEMARK_E_RETRYABLE;
  error.message += "; and GET finds the object";
  return error;
}

// Stores answer for what is durable only.
Result<ObjectInfo> S3Sink::head(std::string_view key, const Call& call) {
  TM_ASSIGN(const StoreAnswer answer, head_answer(key, call));
  ObjectInfo info;
  const std::optional<int64_t> modified_us = date_us(answer.headers, "last-modified");
  if (!parse_number(header(answer.headers, "content-length"), &info.size_bytes) || !modified_us) {
    return fail(TIDEMARK_E_RETRYABLE,
                "head " + config_.name_of(key) + ": the answer has no Content-Length or no Last-Modified");
  }
  info.modified_us = *modified_us;
  return info;
}

Status S3Sink::get(std::string_view key, const Range& range, const Writer& out, const Call& call) {
  Range asked = range;
  const bool is_inner = range.offset < 0 && range.size < -static_cast<uint64_t>(range.offset);
  if (range.size == 0 || range.offset >= static_cast<int64_t>(kBeyondBytes) || is_inner) {
    TM_ASSIGN(const ObjectInfo info, head(key, call));
    uint64_t begin = 0, end = 0;
    range.resolve(info.size_bytes, &begin, &end);
    if (begin == end) return {};
    asked = {static_cast<int64_t>(begin), end - begin};  // no header can say "from the end, but not to it"
  }
  Request request = object_request("get", "GET", key, kNeedsGet);
  const std::string what = request.what, header_text = range_header(asked);
  if (!header_text.empty()) request.headers.push_back({"range", header_text});
  Receiver receiver(asked, out);
  request.takes_long = true;
  request.on_data = [&](Transfer& transfer, std::string_view data) { return receiver.take(transfer, data); };
  TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
  if (answer.status == 416 && is_range_answer(answer)) return {};  // the object ends before it begins
  if (!answer.is_ok()) return error_of(answer, what);
  const Status whole = receiver.finish(answer);
  if (!whole) return within(what, whole.error());
  return {};
}

// A yes that does not show that it is the store's, from a store whose answers do, is looked after.
Status S3Sink::remove(std::string_view key, const Call& call) {
  Request request = object_request("remove", "DELETE", key, "s3:DeleteObject");
  const std::string what = request.what;
  TM_ASSIGN(const StoreAnswer answer, client_->send(std::move(request), call));
  if (!answer.is_ok()) {
    Error error = error_of(answer, what);
    if (error.status == TIDEMARK_E_NOT_FOUND) return {};
    return error;
  }
  const bool is_plain = (answer.status == 200 || answer.status == 204) && is_body_of_success(answer.text);
  if (is_plain && (has_request_id(answer) || !traits_.has_request_ids)) return {};
  const Result<StoreAnswer> there = head_answer(key, call);
  if (!there && there.error().status == TIDEMARK_E_NOT_FOUND) return {};
  if (!there) return there.error();
  Error error = error_of(answer, what);
  error.status = TIDEMARK_E_RETRYABLE;
  error.message = what + ": HTTP " + std::to_string(answer.status) + ", but the object is still there";
  return error;
}

}  // namespace tidemark::sinks::s3
