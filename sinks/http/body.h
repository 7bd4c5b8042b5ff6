// The body of one request: a text in memory, or a window of the body of a put. libcurl pulls it, and rewinds
// it if a request has to be sent again.
//
// One thread at a time. Borrows the text or the source; owns at most one buffer of the pool, and that only
// while the body is on its way.
#ifndef TIDEMARK_SINKS_HTTP_BODY_H
#define TIDEMARK_SINKS_HTTP_BODY_H

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/source.h"
#include "http/digests.h"

namespace tidemark::sinks {

class Body {
 public:
  Body() = default;
  explicit Body(std::string_view memory) : memory_(memory), size_bytes_(memory.size()) {}
  // [begin, begin + size_bytes) of the source. With `pieces` it is read through a buffer of the pool in
  // pieces of that buffer's size: for several windows that are read by turns, which a source serves best in
  // pieces that lie where those of a first reading lay.
  Body(const Source& source, uint64_t begin, uint64_t size_bytes, BufferPool* pieces);

  uint64_t size_bytes() const { return size_bytes_; }
  // The whole body, if it lies in memory.
  std::string_view text() const { return memory_; }

  // What comes next; *size is 0 at the end. The last bytes are given out only after the source has confirmed
  // that it ends there. An error is kept for failure().
  Status read(char* buffer, size_t capacity, size_t* size);
  void rewind(uint64_t offset);
  const std::optional<Error>& failure() const { return failure_; }

  // From now on what is read for sending is digested in the same pass.
  void digest_as_sent();
  // Of the whole body. Costs a pass only over what was not digested as it was sent.
  Result<std::string> md5_base64();
  // Gives the buffer back.
  void finish() { piece_.reset(); }

 private:
  void digest(const char* data, size_t size);
  Status read_source(char* buffer, size_t capacity, size_t* size);
  Status read_piece(char* buffer, size_t capacity, size_t* size);
  Status confirm_end() const;

  std::string_view memory_;
  const Source* source_ = nullptr;
  uint64_t begin_ = 0;
  uint64_t size_bytes_ = 0;
  uint64_t position_ = 0;
  BufferPool* pieces_ = nullptr;
  std::optional<BufferPool::Lease> piece_;
  uint64_t piece_begin_ = 0;  // in the window
  uint64_t piece_end_ = 0;
  std::optional<Error> failure_;
  std::optional<Digests> md5_;
  uint64_t digested_bytes_ = 0;  // from the beginning
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_BODY_H
