// The age file of what another reader gives: made while it is read, the same bytes each time.
//
// One thread at a time. Made once and used for one put after another: its buffers and algorithms are kept.
// The keys are fresh in each put and live from begin() to end(). Two different texts are never sealed with
// one key and nonce: of each chunk four bytes of its tag are kept, and one that is read again and has another
// is CORRUPT instead of given out. That is the only memory that grows, 64 KiB for each GiB.
#ifndef TIDEMARK_CODEC_AGE_SEAL_H
#define TIDEMARK_CODEC_AGE_SEAL_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/age_chunks.h"
#include "codec/age_header.h"
#include "codec/byte_reader.h"

namespace tidemark::codec {

class AgeSealer final : public ByteReader {
 public:
  explicit AgeSealer(std::vector<Recipient> recipients);  // at least one
  ~AgeSealer() override { end(); }
  AgeSealer(const AgeSealer&) = delete;
  AgeSealer& operator=(const AgeSealer&) = delete;

  // `plain` is borrowed until end(), and read in order but for where this reader is read again.
  Status begin(ByteReader& plain);
  // Fills `out` up to the end.
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override;
  void end();

  uint64_t size_bytes_of(uint64_t plain_bytes) const {
    return AgeHeaders::size_bytes(recipients_.size()) + sizeof(PayloadNonce) + plain_bytes +
           age_chunks(plain_bytes) * Aead::kTagSize;
  }

  // Of the two buffers.
  static constexpr size_t kMemoryBytes = kAgeChunkBytes + 1 + kAgeSealedChunkBytes;

 private:
  Result<size_t> read_some(uint64_t offset, uint8_t* out, size_t size);
  Status load(uint64_t index);
  Status check_length(uint64_t index);
  Status seal(uint8_t* sealed);

  const std::vector<Recipient> recipients_;
  AgeHeaders headers_;
  Aead aead_;
  ByteReader* plain_ = nullptr;          // from begin() to end()
  std::string front_;                    // header and nonce
  std::optional<uint64_t> plain_bytes_;  // once its end was seen
  std::vector<uint32_t> seals_;          // of each chunk that was sealed, some of its tag

  // A chunk of plaintext and the byte after it, which shows that it is not the last.
  std::unique_ptr<uint8_t[]> chunk_;
  size_t chunk_bytes_ = 0;  // with that byte
  std::optional<uint64_t> chunk_index_;
  std::unique_ptr<uint8_t[]> sealed_;
  size_t sealed_bytes_ = 0;
  std::optional<uint64_t> sealed_index_;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_AGE_SEAL_H
