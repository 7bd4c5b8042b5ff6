// The body of a put, checked against the size that its caller declared, and the buffers that bodies pass
// through.
//
// A Source belongs to one put on one thread. A BufferPool serves all threads of a sink.
#ifndef TIDEMARK_SINKS_COMMON_SOURCE_H
#define TIDEMARK_SINKS_COMMON_SOURCE_H

#include <tidemark/sink.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/call.h"
#include "base/result.h"

namespace tidemark::sinks {

// Keeps a few large buffers between calls: taking 512 KiB from malloc for each put costs more than the put.
// They begin on a page: the kernel copies four times as slowly between addresses that differ in alignment.
class BufferPool {
 public:
  static constexpr size_t kBufferSize = 512 * 1024;
  struct Free {
    void operator()(char* buffer) const { std::free(buffer); }
  };
  using Buffer = std::unique_ptr<char, Free>;

  // `put_buffer_bytes` is what one put may hold.
  explicit BufferPool(uint64_t put_buffer_bytes = UINT64_MAX);
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  ~BufferPool();
  size_t buffer_bytes() const { return buffer_bytes_; }      // of each; kBufferSize or less
  uint64_t buffers_a_put() const { return buffers_a_put_; }  // at least 1

  class Lease {
   public:
    explicit Lease(BufferPool& pool) : pool_(pool), buffer_(pool.take()) {}
    ~Lease() { pool_.give_back(std::move(buffer_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    char* data() const { return buffer_.get(); }

   private:
    BufferPool& pool_;
    Buffer buffer_;
  };

 private:
  Buffer take();
  void give_back(Buffer buffer) noexcept;

  const size_t buffer_bytes_;
  const uint64_t buffers_a_put_;
  std::array<std::atomic<char*>, 16> spare_{};
};

class Source {
 public:
  // `raw` may come from an older caller. INVALID if it can deliver nothing.
  static Status check(const tidemark_source* raw);
  Source(const tidemark_source* raw, const Call& call) : raw_(raw), call_(call) {}

  uint64_t size_bytes() const { return raw_->size_bytes; }
  const uint8_t* sha256() const {
    return TIDEMARK_HAS(raw_, tidemark_source, sha256) ? raw_->sha256 : nullptr;
  }
  // Over the whole body; NULL if the caller does not know it.
  const uint32_t* crc32c() const {
    return TIDEMARK_HAS(raw_, tidemark_source, crc32c) ? raw_->crc32c : nullptr;
  }
  const uint8_t* data() const { return TIDEMARK_HAS(raw_, tidemark_source, data) ? raw_->data : nullptr; }
  const tidemark_source* raw() const { return raw_; }

  // From read(), even if data() is there. At least one byte until the end of the body, then *size is 0.
  // CORRUPT if the body ends before its declared size or continues after it.
  Status read(uint64_t offset, char* buffer, size_t capacity, size_t* size) const;

  // Hands the whole body to consume(const char* data, size_t size) -> Status in pieces of at most
  // kBufferSize, polling for cancellation between them. CORRUPT if the body is shorter or longer than
  // declared; an error of the source is passed on.
  template <typename F>
  Status for_each_piece(BufferPool& pool, F&& consume) const;

 private:
  static constexpr size_t kOnStack = 16 * 1024;

  template <typename F>
  Status pull(char* buffer, size_t capacity, F&& consume) const;

  const tidemark_source* raw_;
  const Call& call_;
};

template <typename F>
Status Source::for_each_piece(BufferPool& pool, F&& consume) const {
  if (data() == nullptr && raw_->read != nullptr) {
    if (size_bytes() <= kOnStack) {
      char buffer[kOnStack];
      return pull(buffer, sizeof buffer, consume);
    }
    const BufferPool::Lease buffer(pool);
    return pull(buffer.data(), pool.buffer_bytes(), consume);
  }
  for (uint64_t offset = 0; offset < size_bytes();) {
    if (offset > 0) {
      TM_TRY(call_.check());
    }
    const size_t size = std::min<uint64_t>(size_bytes() - offset, BufferPool::kBufferSize);
    TM_TRY(consume(reinterpret_cast<const char*>(data()) + offset, size));
    offset += size;
  }
  return {};
}

template <typename F>
Status Source::pull(char* buffer, size_t capacity, F&& consume) const {
  for (uint64_t offset = 0;;) {
    if (offset > 0) {
      TM_TRY(call_.check());
    }
    size_t size = 0;
    TM_TRY(read(offset, buffer, capacity, &size));
    if (size == 0) return {};
    TM_TRY(consume(static_cast<const char*>(buffer), size));
    offset += size;
  }
}

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_SOURCE_H
