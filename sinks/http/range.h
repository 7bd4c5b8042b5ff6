// Parts of an object: the Range header, and whether an answer is what it asked for.
//
// A receiver is of one answer, on one thread; it borrows the writer.
#ifndef TIDEMARK_SINKS_HTTP_RANGE_H
#define TIDEMARK_SINKS_HTTP_RANGE_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/table.h"
#include "http/request.h"

namespace tidemark::sinks {

// Can no header ask for it? Then the object's size has to be known first.
bool needs_size(const Range& range);
// It, from the beginning of an object of that size on; nothing if the object has nothing of it.
std::optional<Range> part_of(const Range& range, uint64_t size_bytes);
// The Range header; "" for the whole object.
std::string range_header(const Range& range);
// What the headers say of the whole object. RETRYABLE if they lack a Content-Length or a Last-Modified.
Result<ObjectInfo> object_info(const Headers& headers, const std::string& what);
// Does an answer say that the object ends before the range begins?
bool is_beyond_end(const Headers& headers);

// Passes the bytes of one answer to the writer: of a whole object those that were asked for; of a part all,
// after checking that it is the right part.
class RangeReceiver {
 public:
  RangeReceiver(const Range& range, const Writer& out) : range_(range), out_(out) {}

  // False: what comes after is not wanted.
  Result<bool> take(const HttpAnswer& answer, std::string_view data);
  // After the last byte.
  Status finish(const HttpAnswer& answer);

 private:
  Status begin(const HttpAnswer& answer);
  Status begin_part(const Headers& headers);

  const Range range_;
  const Writer& out_;
  bool has_begun_ = false;
  bool is_open_ = false;
  uint64_t skip_ = 0;
  uint64_t left_ = 0;
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_RANGE_H
