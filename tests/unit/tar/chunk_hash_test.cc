#include "tar/chunk_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace tidemark::tar {
namespace {

uint64_t hash_of(const std::vector<uint8_t>& bytes) {
  ChunkHash hash;
  hash.update(bytes.data(), bytes.size());
  return hash.value();
}

TEST(ChunkHash, DoesNotDependOnHowBytesAreCut) {
  std::mt19937 random(5);
  std::vector<uint8_t> bytes(5000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  const uint64_t expected = hash_of(bytes);
  for (int round = 0; round < 200; ++round) {
    ChunkHash hash;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = std::min<size_t>(random() % (round + 2), bytes.size() - at);
      hash.update(bytes.data() + at, size);
      hash.value();  // looking changes nothing
      at += size;
    }
    ASSERT_EQ(hash.value(), expected);
    hash.reset();
    hash.update(bytes.data(), bytes.size());
    ASSERT_EQ(hash.value(), expected);
  }
}

TEST(ChunkHash, EveryBitAndTheLengthMatter) {
  std::set<uint64_t> values;
  size_t count = 0;
  for (const uint8_t fill : {0x00, 0xff, 0x5a}) {
    std::vector<uint8_t> bytes(100, fill);
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit, ++count) {
      bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      values.insert(hash_of(bytes));
      bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    }
    for (size_t size = 1; size <= 100; ++size, ++count)
      values.insert(hash_of(std::vector<uint8_t>(size, fill)));
  }
  EXPECT_EQ(values.size(), count);
}

}  // namespace
}  // namespace tidemark::tar
