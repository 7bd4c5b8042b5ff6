// The body of a put that is an archive of another sink: what its two kinds share, as it is stored
// (proven_body.h) and encoded anew (encoded_body.h).
//
// One thread, and owned by it; a put reads it by source(), which refers to it.
#ifndef TIDEMARK_STORE_COPIED_BODY_H
#define TIDEMARK_STORE_COPIED_BODY_H

#include <tidemark/sink.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/guard.h"
#include "base/result.h"

namespace tidemark::store {

class CopiedBody {
 public:
  CopiedBody(const CopiedBody&) = delete;
  CopiedBody& operator=(const CopiedBody&) = delete;

  const tidemark_source& source() const { return source_; }
  // Why the source has failed, if it has: then the put's error is only that. What was not right once is not
  // tried with other luck.
  const std::optional<Error>& failure() const { return failure_; }

 protected:
  CopiedBody() {
    source_.struct_size = sizeof source_;
    source_.ctx = this;
    source_.read = read;
  }
  ~CopiedBody() = default;

  tidemark_source source_{};

 private:
  virtual Result<size_t> read_some(uint64_t offset, uint8_t* out, size_t size) = 0;
  static tidemark_status read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                              tidemark_error* error) {
    auto& self = *static_cast<CopiedBody*>(ctx);
    *out_size = 0;
    auto count = guarded([&]() -> Result<size_t> {
      if (self.failure_) return *self.failure_;
      return self.read_some(offset, static_cast<uint8_t*>(buffer), size);
    });
    if (!count) {
      self.failure_ = count.error();
      return to_abi(count.error(), error);
    }
    *out_size = *count;
    return TIDEMARK_OK;
  }

  std::optional<Error> failure_;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_COPIED_BODY_H
