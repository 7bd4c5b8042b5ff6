// What the tests of zstd share: bytes to compress, and both ways in one call.
#ifndef TIDEMARK_TESTS_UNIT_CODEC_ZSTD_TOOLS_H
#define TIDEMARK_TESTS_UNIT_CODEC_ZSTD_TOOLS_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/crypto.h"
#include "codec/zstd_compress.h"
#include "codec/zstd_decompress.h"

namespace tidemark::test {

inline constexpr size_t kFrameBytes = codec::ZstdCompressor::kFrameBytes;

inline const std::string kSkippable(reinterpret_cast<const char*>(codec::kSkippableHeader.data()),
                                    codec::kSkippableHeader.size());

enum class Kind : uint8_t { kZeros, kText, kRandom, kMixed };
inline constexpr Kind kKinds[] = {Kind::kZeros, Kind::kText, Kind::kRandom, Kind::kMixed};

inline std::string random_bytes(size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size + 8, '\0');
  for (size_t at = 0; at < size; at += 8) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, 8);
  }
  bytes.resize(size);
  return bytes;
}

inline std::string text_bytes(size_t size, unsigned seed) {
  static constexpr const char* kWords[] = {"insert", "commit", "page", "tuple",  "into",   "the",
                                           "log",    "from",   "of",   "update", "vacuum", "checkpoint"};
  std::mt19937 random(seed);
  std::string text;
  text.reserve(size + 32);
  while (text.size() < size) {
    text += kWords[random() % std::size(kWords)];
    text += random() % 8 == 0 ? std::to_string(random()) : " ";
  }
  text.resize(size);
  return text;
}

inline std::string make_bytes(Kind kind, size_t size, unsigned seed = 1) {
  switch (kind) {
    case Kind::kZeros:
      return std::string(size, '\0');
    case Kind::kText:
      return text_bytes(size, seed);
    case Kind::kRandom:
      return random_bytes(size, seed);
    case Kind::kMixed:
      break;
  }
  std::string bytes;
  for (unsigned i = 0; bytes.size() < size; ++i) {
    bytes += make_bytes(static_cast<Kind>(i % 3), 3000 + 37'000 * (i % 5), seed + i / 6);
  }
  bytes.resize(size);
  return bytes;
}

// Bytes that can be changed and run short; gives at most `step` at a time.
class PlainBytes final : public codec::ByteReader {
 public:
  explicit PlainBytes(std::string content, size_t most = SIZE_MAX) : bytes(std::move(content)), step(most) {}

  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    EXPECT_LE(offset, read_up_to) << "the first time in order";
    if (fails_at && offset >= *fails_at) return fail(TIDEMARK_E_NOT_FOUND, "the entry is gone");
    const size_t count = std::min({size, step, bytes.size() - std::min<uint64_t>(offset, bytes.size())});
    std::memcpy(out, bytes.data() + offset, count);
    read_up_to = std::max<uint64_t>(read_up_to, offset + count);
    given_bytes += count;
    return count;
  }

  std::string bytes;
  size_t step;
  uint64_t read_up_to = 0;
  uint64_t given_bytes = 0;
  std::optional<uint64_t> fails_at;
};

// From `begin` up to `end` or the end, in pieces of `step`, or of random sizes up to it.
inline Result<std::string> read_from(codec::ByteReader& reader, uint64_t begin, size_t step,
                                     std::mt19937* random = nullptr, uint64_t end = UINT64_MAX) {
  std::string bytes;
  std::vector<uint8_t> piece(step);
  while (begin + bytes.size() < end) {
    size_t size = random == nullptr ? step : 1 + (*random)() % step;
    size = std::min<uint64_t>(size, end - begin - bytes.size());
    TM_ASSIGN(const size_t count, reader.read(begin + bytes.size(), piece.data(), size));
    if (count == 0) break;
    EXPECT_LE(count, size);
    bytes.append(reinterpret_cast<const char*>(piece.data()), count);
  }
  return bytes;
}

inline std::string compressed(const std::string& plain, int level = 1, bool with_skippable_header = true) {
  PlainBytes reader(plain);
  codec::ZstdCompressor compressor;
  compressor.begin(reader, plain.size(), level, with_skippable_header);
  auto bytes = read_from(compressor, 0, 1 << 20);
  EXPECT_TRUE(bytes) << bytes.error().message;
  if (!bytes) return {};
  EXPECT_EQ(compressor.size_bytes(), bytes->size());
  return *std::move(bytes);
}

struct Known {
  std::optional<uint64_t> plain_bytes;
  bool with_skippable_header = true;
};

inline Result<std::string> decompressed(codec::ZstdDecompressor& decompressor, std::string_view stored,
                                        Known known, size_t step = SIZE_MAX, std::mt19937* random = nullptr) {
  std::string plain;
  const codec::Give give = [&plain](std::span<const uint8_t> bytes) -> Status {
    EXPECT_FALSE(bytes.empty());
    plain.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  decompressor.begin(known.plain_bytes, known.with_skippable_header);
  while (!stored.empty()) {
    const size_t size = std::min(stored.size(), random == nullptr ? step : 1 + (*random)() % step);
    TM_TRY(decompressor.push(codec::bytes_of(stored.substr(0, size)), give));
    stored.remove_prefix(size);
  }
  TM_TRY(decompressor.finish(give));
  return plain;
}

inline Result<std::string> decompressed(std::string_view stored, Known known, size_t step = SIZE_MAX) {
  codec::ZstdDecompressor decompressor;
  return decompressed(decompressor, stored, known, step);
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_CODEC_ZSTD_TOOLS_H
