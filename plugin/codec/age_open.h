// Decrypts an age file while it arrives. Nothing is given out that was not authenticated.
//
// One thread at a time. Memory: a header of at most kAgeHeaderMaxBytes, then kMemoryBytes. The key lives from
// the end of the header to the end of the file, an error, or the decoder's end.
#ifndef TIDEMARK_CODEC_AGE_OPEN_H
#define TIDEMARK_CODEC_AGE_OPEN_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "codec/age_chunks.h"
#include "codec/age_header.h"
#include "codec/decoder.h"

namespace tidemark::codec {

class AgeDecoder final : public Decoder {
 public:
  // `identities` are borrowed. SEALED where none of them decrypts what comes.
  explicit AgeDecoder(std::span<const Identity> identities) : identities_(identities) {}

  // Forgets what came, for another file.
  void begin();
  // CORRUPT names the chunk, of which the first is 1.
  Status push(std::span<const uint8_t> stored, const Give& give) override;
  Status finish(const Give& give) override;

  static constexpr size_t kMemoryBytes = kAgeChunkBytes + kAgeSealedChunkBytes;

 private:
  enum class Part : uint8_t { kHeader, kNonce, kChunks, kEnd };

  Status push_some(std::span<const uint8_t>& stored, const Give& give);
  Status push_header(std::span<const uint8_t>& stored);
  Status push_nonce(std::span<const uint8_t>& stored);
  Status push_chunk(std::span<const uint8_t>& stored, const Give& give);
  Status finish_some(const Give& give);
  Result<bool> open(std::span<const uint8_t> sealed, bool is_last);
  Status open_full(std::span<const uint8_t> sealed, const Give& give);
  Status open_rest(const Give& give);
  Status give_chunk(size_t plain_bytes, const Give& give);
  Error damaged_chunk() const;

  const std::span<const Identity> identities_;
  AgeHeaders headers_;
  Aead aead_;
  Part part_ = Part::kHeader;
  std::string header_;
  size_t line_begin_ = 0;  // in the header, of the line that is arriving
  FileKey file_key_;
  PayloadNonce nonce_{};
  size_t nonce_bytes_ = 0;
  uint64_t index_ = 0;  // of the chunk that is arriving
  std::unique_ptr<uint8_t[]> sealed_, plain_;
  size_t sealed_bytes_ = 0;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_AGE_OPEN_H
