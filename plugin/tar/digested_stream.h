// The bytes of a laid-out archive before its footer, digested as they are read for the first time. What is
// read again must have the checksum that it had then, else CORRUPT: so what is sent twice is the same.
//
// One thread at a time; made once and reused. The checksums draw on the budget of the layout.
#ifndef TIDEMARK_TAR_DIGESTED_STREAM_H
#define TIDEMARK_TAR_DIGESTED_STREAM_H

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/call.h"
#include "base/sha256.h"
#include "format/footer.h"
#include "tar/stream.h"
#include "tree/entry_path.h"
#include "tree/reserved_array.h"

namespace tidemark::tar {

class DigestedStream {
 public:
  // Reads at most `buffer` at once for itself; borrowed.
  DigestedStream(const Layout& layout, LayoutPieces& pieces, tree::AttributeWatch& attributes,
                 tree::ByteBudget& budget, std::span<uint8_t> buffer);

  bool reserve() { return checksums_.reserve(); }  // as mmap fails
  // How many bytes have a checksum, for that many bytes in all: small chunks are read again at less cost,
  // large ones take less memory. False: even the largest take too much.
  bool choose_chunks(uint64_t size_bytes);

  // After choose_chunks(); `entries` are those of the layout, borrowed until close().
  void begin(std::span<const tree::EntryPath> entries, uint64_t size_bytes, const Call& call);
  void close();

  // At least one byte, at most kStepBytes, from `offset` < size_bytes.
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size);
  // Reads up to `end`, unless that has happened.
  Status digest_up_to(uint64_t end);
  // When all was read once: of all of it. `whole` is then where a digest that continues would begin.
  const Digest& digest() const { return digest_; }
  const Sha256& whole() const { return whole_; }
  uint32_t crc32c() const { return crc_; }

 private:
  static constexpr size_t kStepBytes = 256 << 10;  // read, hashed and checksummed at once, while it is cached

  Status read_first_time(uint8_t* out, size_t size);
  void add_to_checksums(const uint8_t* data, size_t size);
  Result<size_t> read_again(uint64_t offset, uint8_t* out, size_t size);
  Status read_chunk(uint64_t chunk, uint8_t* out, size_t size);
  Status finish();

  LayoutStream stream_;
  LayoutPieces& pieces_;
  tree::ByteBudget& budget_;
  const std::span<uint8_t> buffer_;
  std::span<const tree::EntryPath> entries_;
  uint64_t size_bytes_ = 0;
  Call call_;

  // Bytes up to digested_ were read once, in order, and have the checksum crc_; checksums_ holds what it was
  // at the end of each full chunk among them.
  uint64_t digested_ = 0;
  size_t chunk_bytes_ = kStepBytes;
  uint32_t crc_ = 0;
  tree::ReservedArray<uint32_t> checksums_;
  Sha256 sha_;
  Sha256 whole_;
  Digest digest_{};
  uint64_t loaded_begin_ = 0;  // bytes in buffer_ that were read again and found the same
  uint64_t loaded_end_ = 0;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_DIGESTED_STREAM_H
