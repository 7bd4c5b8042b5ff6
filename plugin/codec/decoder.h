// Turns stored bytes back into what they were made of, while they arrive.
//
// One thread at a time.
#ifndef TIDEMARK_CODEC_DECODER_H
#define TIDEMARK_CODEC_DECODER_H

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"

namespace tidemark::codec {

// Gets the decoded bytes, in order; an error of it ends the decoding and is passed on.
using Give = std::function<Status(std::span<const uint8_t>)>;

class Decoder {
 public:
  virtual ~Decoder() = default;

  // The next stored bytes; pieces of any size. What is given out is valid during the call. Memory is bounded,
  // whatever the bytes. CORRUPT says what is wrong with them; after an error nothing more is pushed.
  virtual Status push(std::span<const uint8_t> stored, const Give& give) = 0;
  // After the last of them. CORRUPT: they are not all of it.
  virtual Status finish(const Give& give) = 0;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_DECODER_H
