// Memory that begins on a page: where it is written to a file the kernel copies it four times as fast, and
// writes it without a copy where it can.
//
// Any thread; whoever has it owns it.
#ifndef TIDEMARK_COMMON_BASE_PAGE_BUFFER_H
#define TIDEMARK_COMMON_BASE_PAGE_BUFFER_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace tidemark {

struct FreePages {
  void operator()(uint8_t* buffer) const { std::free(buffer); }
};
using PageBuffer = std::unique_ptr<uint8_t, FreePages>;

// At least that many bytes, not set to anything.
inline PageBuffer page_buffer(size_t size_bytes) {
  constexpr size_t kPageBytes = 4096;
  const size_t rounded =
      size_bytes == 0 ? kPageBytes : (size_bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  PageBuffer buffer(static_cast<uint8_t*>(std::aligned_alloc(kPageBytes, rounded)));
  if (buffer == nullptr) throw std::bad_alloc();
  return buffer;
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_PAGE_BUFFER_H
