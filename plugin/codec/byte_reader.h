// Bytes that can be read from any offset, again and again, and are the same each time: what a put reads.
//
// One thread at a time.
#ifndef TIDEMARK_CODEC_BYTE_READER_H
#define TIDEMARK_CODEC_BYTE_READER_H

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace tidemark::codec {

class ByteReader {
 public:
  virtual ~ByteReader() = default;

  // Up to `size` bytes from `offset`, at least one; 0 only at the end. The first time they are read in order:
  // `offset` is at most how far it was read before. CORRUPT or RETRYABLE: read again it is not what it was.
  virtual Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) = 0;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_BYTE_READER_H
