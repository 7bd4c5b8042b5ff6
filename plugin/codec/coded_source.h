// What a put sends of an archive that is compressed, encrypted, or both: stored bytes of exact, known length,
// with their footer. Or of one that is neither any more, where it is copied.
//
// Neither a compressor nor a cipher says how much will come out, so all is encoded once before the put
// begins. What fits the buffer stays there. Of more the beginning does; of the rest only the length, the
// digests and the marks are kept, and it is encoded again while it is sent, to the same bytes.
//
// Made once a worker and reused. One thread at a time.
#ifndef TIDEMARK_CODEC_CODED_SOURCE_H
#define TIDEMARK_CODEC_CODED_SOURCE_H

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/call.h"
#include "base/page_buffer.h"
#include "base/result.h"
#include "base/sha256.h"
#include "codec/age_seal.h"
#include "codec/byte_reader.h"
#include "codec/keys.h"
#include "codec/tag.h"
#include "codec/zstd_compress.h"
#include "format/footer.h"

namespace tidemark::codec {

// A tar up to and with its end mark: what is encoded.
class PlainTar : public ByteReader {
 public:
  virtual uint64_t size_bytes() const = 0;
  // Once all was read.
  virtual Result<Digest> digest() = 0;
};

class CodedSource {
 public:
  // Encoding and tag keys are borrowed; `buffer_bytes` are held from the first open() on.
  CodedSource(const Encoding& encoding, const TagKeys& tag_keys, size_t buffer_bytes);
  CodedSource(const CodedSource&) = delete;
  CodedSource& operator=(const CodedSource&) = delete;

  // Between archives: whom those that come are encrypted to, instead of those of the encoding.
  void encrypt_to(const std::vector<Recipient>& recipients);
  // Encodes all of it. `plain` is borrowed until close(). Of `footer` the digests, sizes and tag are made
  // anew. Errors: the plain tar's; CANCELLED; RETRYABLE, if the encoding failed.
  Status open(PlainTar& plain, const Footer& footer, const Call& call);
  // Keys of this archive are wiped.
  void close();

  // Of the whole object, footer included.
  uint64_t size_bytes() const { return coded_bytes_ + kFooterSize; }
  // All of it if it lies in memory, else nullptr.
  const uint8_t* data() const { return is_whole_ ? buffer_.get() : nullptr; }
  // Any offset, repeatable; 0 only at the end. RETRYABLE: it was not encoded to the same bytes again.
  Result<size_t> read(uint64_t offset, void* out, size_t size);
  Result<Digest> object_digest() { return object_digest_; }
  Result<uint32_t> object_crc32c() { return object_crc32c_; }
  // The first error that read() gave.
  const std::optional<Error>& failure() const { return failure_; }

 private:
  Status choose_stages(PlainTar& plain);
  Status encode(const Call& call);
  Status finish(PlainTar& plain, Footer footer);
  Result<size_t> read_any(uint64_t offset, uint8_t* out, size_t size);

  const Encoding& encoding_;
  const TagKeys& tag_keys_;
  const size_t buffer_bytes_;
  PageBuffer buffer_;
  std::vector<Recipient> recipients_;
  std::optional<ZstdCompressor> compressor_;
  std::optional<AgeSealer> sealer_;
  Tagger tagger_;
  ByteReader* last_ = nullptr;  // of the stages: what it gives is stored

  Call call_;
  uint64_t plain_bytes_ = 0;
  uint64_t coded_bytes_ = 0;
  uint64_t held_bytes_ = 0;  // of the object, from its beginning, in buffer_
  bool is_whole_ = false;    // or will be
  Sha256 sha_;
  Sha256 whole_;
  uint32_t crc_ = 0;
  FooterBlock footer_{};
  Digest object_digest_{};
  uint32_t object_crc32c_ = 0;
  std::optional<Error> failure_;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_CODED_SOURCE_H
