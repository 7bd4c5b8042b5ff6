#include "common/source.h"

#include <new>
#include <string>

namespace tidemark::sinks {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

BufferPool::BufferPool(uint64_t put_buffer_bytes)
    : buffer_bytes_(
          std::clamp<uint64_t>(put_buffer_bytes / kPageBytes * kPageBytes, kPageBytes, kBufferSize)),
      buffers_a_put_(std::max<uint64_t>(1, put_buffer_bytes / buffer_bytes_)) {}

BufferPool::~BufferPool() {
  for (std::atomic<char*>& slot : spare_) std::free(slot.load());
}

BufferPool::Buffer BufferPool::take() {
  for (std::atomic<char*>& slot : spare_) {
    if (slot.load(std::memory_order_relaxed) == nullptr) continue;
    if (char* buffer = slot.exchange(nullptr, std::memory_order_acquire)) return Buffer(buffer);
  }
  Buffer buffer(static_cast<char*>(std::aligned_alloc(kPageBytes, buffer_bytes_)));
  if (buffer == nullptr) throw std::bad_alloc();
  return buffer;
}

void BufferPool::give_back(Buffer buffer) noexcept {
  for (std::atomic<char*>& slot : spare_) {
    char* empty = nullptr;
    if (slot.compare_exchange_strong(empty, buffer.get(), std::memory_order_release,
                                     std::memory_order_relaxed)) {
      (void)buffer.release();  // the slot owns it now
      return;
    }
  }
}

Status Source::check(const tidemark_source* raw) {
  if (raw == nullptr) return fail(TIDEMARK_E_INVALID, "put: the source is NULL");
  if (!TIDEMARK_HAS(raw, tidemark_source, read)) {
    return fail(TIDEMARK_E_INVALID,
                "put: struct_size of the source is too small: " + std::to_string(raw->struct_size));
  }
  const bool has_data = TIDEMARK_HAS(raw, tidemark_source, data) && raw->data != nullptr;
  if (raw->read == nullptr && !has_data && raw->size_bytes > 0) {
    return fail(TIDEMARK_E_INVALID, "put: the source has neither read nor data");
  }
  return {};
}

Status Source::read(uint64_t offset, char* buffer, size_t capacity, size_t* size) const {
  const tidemark_status status = raw_->read(raw_->ctx, offset, buffer, capacity, size, call_.error());
  if (status != TIDEMARK_OK) return passed_on(status);
  if (*size > capacity) {
    return fail(TIDEMARK_E_CORRUPT, "the source says it delivered more bytes than it was asked for");
  }
  const uint64_t declared = size_bytes();
  if (*size == 0 && offset < declared) {
    return fail(TIDEMARK_E_CORRUPT, "the source ended after " + std::to_string(offset) + " of " +
                                        std::to_string(declared) + " declared bytes");
  }
  if (*size > declared - offset) {
    return fail(TIDEMARK_E_CORRUPT,
                "the source continues after its " + std::to_string(declared) + " declared bytes");
  }
  return {};
}

}  // namespace tidemark::sinks
