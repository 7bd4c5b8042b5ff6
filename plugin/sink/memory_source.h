// A body that lies in memory, with the digests that a sink asks for: records.
//
// One thread. Borrows the bytes; must not move while a put uses it.
#ifndef TIDEMARK_SINK_MEMORY_SOURCE_H
#define TIDEMARK_SINK_MEMORY_SOURCE_H

#include <tidemark/sink.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "sink/sink.h"

namespace tidemark::sink {

class MemorySource {
 public:
  MemorySource(const Sink& sink, std::string_view bytes);
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;

  // An error if a digest that the sink asks for could not be computed.
  Result<const tidemark_source*> source() const;

 private:
  static tidemark_status read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                              tidemark_error* error);

  const std::string_view bytes_;
  Status digested_;
  std::array<uint8_t, 32> sha256_{};
  uint32_t crc32c_ = 0;
  tidemark_source source_;
};

}  // namespace tidemark::sink

#endif  // TIDEMARK_SINK_MEMORY_SOURCE_H
