// Memory in many equal chunks that goes back to the system chunk by chunk, whatever lies beside it: address
// space is taken in slabs, and the pages of a chunk that nobody uses are given up.
//
// take, give_back: any thread. at: any thread that knows the number. The first byte of a new chunk is 0,
// and so are all others.
#ifndef TIDEMARK_RUNTIME_CHUNK_POOL_H
#define TIDEMARK_RUNTIME_CHUNK_POOL_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/mutex.h"

namespace tidemark::runtime {

class ChunkPool {
 public:
  explicit ChunkPool(size_t chunk_bytes);
  ~ChunkPool() { reset(); }
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // The number of a chunk; nothing: there is no memory. Never throws.
  std::optional<uint32_t> take() TM_EXCLUDES(mutex_);
  void give_back(uint32_t number) TM_EXCLUDES(mutex_);
  void* at(uint32_t number) const {
    return slabs_[number / kSlabChunks] + size_t{number % kSlabChunks} * chunk_bytes_;
  }
  // Gives up everything; nobody may use a chunk.
  void reset() TM_EXCLUDES(mutex_);

 private:
  static constexpr uint32_t kSlabChunks = 256;
  static constexpr uint32_t kMostSlabs = 8192;

  bool add_slab() TM_REQUIRES(mutex_);

  const size_t chunk_bytes_;  // whole pages
  // A slab's place is written before the number of a chunk in it is known to anybody.
  std::array<std::byte*, kMostSlabs> slabs_{};
  Mutex mutex_;
  uint32_t slab_count_ TM_GUARDED_BY(mutex_) = 0;
  std::vector<uint32_t> free_ TM_GUARDED_BY(mutex_);  // has room for all chunks; the lowest of a slab last
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_CHUNK_POOL_H
