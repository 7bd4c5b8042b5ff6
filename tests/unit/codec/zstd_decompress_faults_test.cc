// Decompression where memory runs out: an error that says so and not that the bytes are damaged, and all is
// well as soon as there is some again.
#include <gtest/gtest.h>

#include <optional>

#include "codec/each_allocation.h"
#include "codec/zstd_tools.h"

namespace tidemark::codec {
namespace {

using test::compressed;
using test::Kind;
using test::make_bytes;

TEST(ZstdDecompressFaults, EachAllocationMayFail) {
  const std::string plain = make_bytes(Kind::kText, 5'000'000);
  const std::string stored = compressed(plain);
  std::string out(plain.size(), '\0');
  size_t size = 0;
  const Give give = [&](std::span<const uint8_t> bytes) -> Status {
    out.replace(size, bytes.size(), reinterpret_cast<const char*>(bytes.data()), bytes.size());
    size += bytes.size();
    return {};
  };
  std::optional<ZstdDecompressor> decompressor;
  const auto decompress = [&]() -> Status {
    size = 0;
    decompressor->begin(plain.size(), true);
    TM_TRY(decompressor->push(bytes_of(stored), give));
    return decompressor->finish(give);
  };
  const uint64_t failures = test::with_each_allocation_failing(
      [&] {
        decompressor.emplace();
        return decompress();
      },
      [&](const std::string& which) {
        const Status status = decompress();
        ASSERT_TRUE(status) << which << ": " << status.error().message;
        EXPECT_TRUE(out == plain) << which;
      });
  EXPECT_GE(failures, 3U);  // the output, the context, its window
}

}  // namespace
}  // namespace tidemark::codec
