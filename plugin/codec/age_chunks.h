// How the payload of an age file is cut (C2SP age.md, "Payload"): chunks of 64 KiB, each sealed under its
// number and whether it is the last. Pure; any thread.
#ifndef TIDEMARK_CODEC_AGE_CHUNKS_H
#define TIDEMARK_CODEC_AGE_CHUNKS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "codec/crypto.h"

namespace tidemark::codec {

inline constexpr size_t kAgeChunkBytes = size_t{64} * 1024;
inline constexpr size_t kAgeSealedChunkBytes = kAgeChunkBytes + Aead::kTagSize;

// Of chunk `index`, the first is 0: its number in big endian, then 1 for the last chunk.
inline Aead::Nonce age_chunk_nonce(uint64_t index, bool is_last) {
  Aead::Nonce nonce{};
  for (size_t i = 0; i < sizeof index; ++i) nonce[10 - i] = static_cast<uint8_t>(index >> 8 * i);
  nonce[11] = is_last ? 1 : 0;
  return nonce;
}

// Nothing at all is a chunk too.
inline uint64_t age_chunks(uint64_t plain_bytes) {
  return std::max<uint64_t>(plain_bytes / kAgeChunkBytes + (plain_bytes % kAgeChunkBytes != 0 ? 1 : 0), 1);
}

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_AGE_CHUNKS_H
