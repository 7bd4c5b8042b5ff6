#include "base/crc32c.h"

#include <isa-l.h>

#include <algorithm>

namespace tidemark {

uint32_t extend_crc32c(uint32_t crc, const void* data, size_t size) {
  constexpr size_t kAtOnce = size_t{1} << 30;  // the library counts in int
  auto* bytes = static_cast<unsigned char*>(const_cast<void*>(data));
  crc = ~crc;
  while (size > 0) {
    const size_t count = std::min(size, kAtOnce);
    crc = crc32_iscsi(bytes, static_cast<int>(count), crc);
    bytes += count;
    size -= count;
  }
  return ~crc;
}

}  // namespace tidemark
