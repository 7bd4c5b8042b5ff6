#include "runtime/chunk_pool.h"

#include <sys/mman.h>

#include <new>

namespace tidemark::runtime {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

ChunkPool::ChunkPool(size_t chunk_bytes)
    : chunk_bytes_((chunk_bytes + kPageBytes - 1) / kPageBytes * kPageBytes) {}

std::optional<uint32_t> ChunkPool::take() {
  const MutexLock lock(mutex_);
  if (free_.empty() && !add_slab()) return std::nullopt;
  const uint32_t number = free_.back();
  free_.pop_back();
  return number;
}

void ChunkPool::give_back(uint32_t number) {
  madvise(at(number), chunk_bytes_, MADV_DONTNEED);
  const MutexLock lock(mutex_);
  free_.push_back(number);
}

void ChunkPool::reset() {
  const MutexLock lock(mutex_);
  for (; slab_count_ > 0; --slab_count_) munmap(slabs_[slab_count_ - 1], chunk_bytes_ * kSlabChunks);
  free_.clear();
}

bool ChunkPool::add_slab() {
  if (slab_count_ == kMostSlabs) return false;
  try {
    free_.reserve(size_t{slab_count_ + 1} * kSlabChunks);
  } catch (const std::bad_alloc&) {
    return false;
  }
  void* const memory = mmap(nullptr, chunk_bytes_ * kSlabChunks, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  slabs_[slab_count_] = static_cast<std::byte*>(memory);
  for (uint32_t i = kSlabChunks; i > 0; --i) free_.push_back(slab_count_ * kSlabChunks + i - 1);
  ++slab_count_;
  return true;
}

}  // namespace tidemark::runtime
