// Compression where memory runs out: an error that says so, and all is well as soon as there is some again.
#include <gtest/gtest.h>

#include <optional>

#include "codec/each_allocation.h"
#include "codec/zstd_tools.h"

namespace tidemark::codec {
namespace {

using test::compressed;
using test::Kind;
using test::make_bytes;
using test::PlainBytes;

// Into `out`, which is large enough.
Status read_into(ByteReader& reader, std::string& out) {
  size_t at = 0;
  for (;;) {
    TM_ASSIGN(const size_t count, reader.read(at, reinterpret_cast<uint8_t*>(out.data()) + at,
                                              std::min<size_t>(100'000, out.size() - at)));
    if (count == 0) return {};
    at += count;
  }
}

TEST(ZstdCompressFaults, EachAllocationMayFail) {
  const std::string plain = make_bytes(Kind::kText, 5'000'000);
  for (int level = ZstdCompressor::kMinLevel; level <= ZstdCompressor::kMaxLevel; ++level) {
    const std::string expected = compressed(plain, level);
    PlainBytes reader(plain);
    std::string out(expected.size() + 1, '\0');
    std::optional<ZstdCompressor> compressor;
    const uint64_t failures = test::with_each_allocation_failing(
        [&]() -> Status {
          compressor.emplace();
          compressor->begin(reader, plain.size(), level, true);
          return read_into(*compressor, out);
        },
        [&](const std::string& which) {
          compressor->begin(reader, plain.size(), level, true);
          const Status status = read_into(*compressor, out);
          ASSERT_TRUE(status) << which << ": " << status.error().message;
          EXPECT_TRUE(out.compare(0, expected.size(), expected) == 0) << which;
        });
    EXPECT_GE(failures, 4U);  // the frames, the input, the context, its workspace
  }
}

// A context that has worked for small tars takes more for the first large one.
TEST(ZstdCompressFaults, AContextThatGrowsMayFail) {
  const std::string small = make_bytes(Kind::kText, 500), large = make_bytes(Kind::kText, 5'000'000);
  const std::string expected = compressed(large, 3);
  PlainBytes small_reader(small), large_reader(large);
  std::string out(expected.size() + 1, '\0');
  std::optional<ZstdCompressor> compressor;
  const uint64_t failures = test::with_each_allocation_failing(
      [&]() -> Status {
        {
          const starved::As host(starved::Thread::kHost);
          compressor.emplace();
          compressor->begin(small_reader, small.size(), 3, true);
          TM_TRY(read_into(*compressor, out));
        }
        compressor->begin(large_reader, large.size(), 3, true);
        return read_into(*compressor, out);
      },
      [&](const std::string& which) {
        compressor->begin(large_reader, large.size(), 3, true);
        const Status status = read_into(*compressor, out);
        ASSERT_TRUE(status) << which << ": " << status.error().message;
        EXPECT_TRUE(out.compare(0, expected.size(), expected) == 0) << which;
      });
  EXPECT_GE(failures, 1U);
}

TEST(ZstdCompressFaults, AskingForTheMemoryMayFail) {
  size_t size = 0;
  const uint64_t failures = test::with_each_allocation_failing(
      [&]() -> Status {
        TM_ASSIGN(size, ZstdCompressor::memory_bytes(1));
        return {};
      },
      [](const std::string&) {});
  EXPECT_GE(failures, 2U);
  EXPECT_GT(size, 1U << 20);
}

}  // namespace
}  // namespace tidemark::codec
