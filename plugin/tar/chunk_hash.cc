#include "tar/chunk_hash.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace tidemark::tar {
namespace {

// Digits of pi: any odd numbers without a pattern do.
constexpr uint64_t kKeys[] = {0x243f6a8885a308d3, 0x13198a2e03707345, 0xa4093822299f31d1, 0x082efa98ec4e6c89};

// The 128-bit product folded onto itself.
uint64_t mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

void ChunkHash::reset() {
  std::copy(std::begin(kKeys), std::end(kKeys), lanes_);
  total_ = 0;
  held_size_ = 0;
}

void ChunkHash::block(const uint8_t* data) {
  for (size_t i = 0; i < kLanes; ++i) {
    uint64_t word;
    std::memcpy(&word, data + i * sizeof word, sizeof word);
    // The sum keeps the lane's past also where the product is zero.
    lanes_[i] = mix(lanes_[i] ^ word, kKeys[i]) + lanes_[i];
  }
}

void ChunkHash::update(const uint8_t* data, size_t size) {
  total_ += size;
  if (held_size_ > 0) {
    const size_t taken = std::min(size, kBlockBytes - held_size_);
    std::memcpy(held_ + held_size_, data, taken);
    held_size_ += taken;
    data += taken;
    size -= taken;
    if (held_size_ < kBlockBytes) return;
    block(held_);
    held_size_ = 0;
  }
  for (; size >= kBlockBytes; data += kBlockBytes, size -= kBlockBytes) block(data);
  std::memcpy(held_, data, size);
  held_size_ = size;
}

uint64_t ChunkHash::value() const {
  ChunkHash last = *this;
  std::memset(last.held_ + held_size_, 0, kBlockBytes - held_size_);
  last.block(last.held_);
  uint64_t result = mix(total_ ^ kKeys[3], kKeys[0]);
  for (const uint64_t lane : last.lanes_) result = mix(result ^ lane, kKeys[1]) + lane;
  return result;
}

}  // namespace tidemark::tar
