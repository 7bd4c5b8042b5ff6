#include "http/range.h"

#include <algorithm>

#include "base/line.h"
#include "http/answer.h"

namespace tidemark::sinks {
namespace {

// More than any object has, and far from the edge of what a store can count with.
constexpr uint64_t kBeyondBytes = 1ull << 50;

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

// Of a part with nothing in it, where stores write "bytes 5-4/5" and "bytes 0--1/0".
bool parse_total(std::string_view text, uint64_t* total) {
  const size_t slash = text.find('/');
  return text.starts_with("bytes ") && slash != std::string_view::npos &&
         parse_number(text.substr(slash + 1), total);
}

Error wrong_range(const std::string& what) {
  return fail(TIDEMARK_E_RETRYABLE, "the store sent another range than it was asked for: " + what);
}

}  // namespace

bool needs_size(const Range& range) {
  const bool is_inner = range.offset < 0 && range.size < -static_cast<uint64_t>(range.offset);
  return range.size == 0 || range.offset >= static_cast<int64_t>(kBeyondBytes) || is_inner;
}

std::optional<Range> part_of(const Range& range, uint64_t size_bytes) {
  uint64_t begin = 0, end = 0;
  range.resolve(size_bytes, &begin, &end);
  if (begin == end) return std::nullopt;
  return Range{static_cast<int64_t>(begin), end - begin};
}

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

Result<ObjectInfo> object_info(const Headers& headers, const std::string& what) {
  ObjectInfo info;
  const std::optional<int64_t> modified_us = date_us(headers, "last-modified");
  if (!parse_number(header(headers, "content-length"), &info.size_bytes) || !modified_us)
    return fail(TIDEMARK_E_RETRYABLE, what + ": the answer has no Content-Length or no Last-Modified");
  info.modified_us = *modified_us;
  return info;
}

bool is_beyond_end(const Headers& headers) {
  return header(headers, "content-range").starts_with("bytes */");
}

Result<bool> RangeReceiver::take(const HttpAnswer& answer, std::string_view data) {
  if (!has_begun_) {
    TM_TRY(begin(answer));
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

Status RangeReceiver::finish(const HttpAnswer& answer) {
  if (!has_begun_) {
    TM_TRY(begin(answer));
  }
  if (left_ == 0 || is_open_) return {};
  return fail(TIDEMARK_E_RETRYABLE, "the store's answer ended " + std::to_string(left_) + " bytes too early");
}

Status RangeReceiver::begin(const HttpAnswer& answer) {
  has_begun_ = true;
  const std::string_view type = header(answer.headers, "content-type");
  if ((answer.status != 200 && answer.status != 206) || !is_object_type(type)) {
    return fail(TIDEMARK_E_RETRYABLE, "HTTP " + std::to_string(answer.status) + " with " + quote(type) +
                                          " is not the object; is a proxy in the way?");
  }
  if (answer.status == 206) return begin_part(answer.headers);
  uint64_t total = 0;
  if (parse_number(header(answer.headers, "content-length"), &total)) {
    uint64_t end = 0;
    range_.resolve(total, &skip_, &end);
    left_ = end - skip_;
    return {};
  }
  if (range_.offset != 0) return wrong_range("all of it, without its length");
  left_ = range_.size;
  is_open_ = true;  // the end of the answer is the end of the object, as far as HTTP can tell
  return {};
}

Status RangeReceiver::begin_part(const Headers& headers) {
  const std::string_view text = header(headers, "content-range");
  uint64_t first = 0, last = 0, total = 0, begin = 0, end = 0, sent = 0;
  const bool has_length = parse_number(header(headers, "content-length"), &sent);
  if (has_length && sent == 0 && parse_total(text, &total)) {
    range_.resolve(total, &begin, &end);
    return begin == end ? Status() : Status(wrong_range("nothing, " + quote(text)));
  }
  if (!parse_content_range(text, &first, &last, &total)) return wrong_range(quote(text));
  range_.resolve(total, &begin, &end);
  if (first != begin || last + 1 != end) return wrong_range(quote(text));
  left_ = end - begin;
  if (has_length && sent != left_) return wrong_range(std::to_string(sent) + " bytes for " + quote(text));
  return {};
}

}  // namespace tidemark::sinks
