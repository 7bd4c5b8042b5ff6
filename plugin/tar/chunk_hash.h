// A fast 64-bit fingerprint of a piece of an archive, by which bytes that are read a second time are known to
// be those of the first time. It guards against change, not against malice: the archive's digest is SHA-256.
//
// One thread at a time. However the bytes are cut into updates, the value is the same.
#ifndef TIDEMARK_TAR_CHUNK_HASH_H
#define TIDEMARK_TAR_CHUNK_HASH_H

#include <cstddef>
#include <cstdint>

namespace tidemark::tar {

class ChunkHash {
 public:
  ChunkHash() { reset(); }
  void reset();
  void update(const uint8_t* data, size_t size);
  uint64_t value() const;

 private:
  static constexpr size_t kLanes = 4;
  static constexpr size_t kBlockBytes = kLanes * sizeof(uint64_t);

  void block(const uint8_t* data);

  uint64_t lanes_[kLanes];
  uint64_t total_ = 0;
  size_t held_size_ = 0;
  uint8_t held_[kBlockBytes];  // the beginning of a block not yet complete
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_CHUNK_HASH_H
