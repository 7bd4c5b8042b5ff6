#include "http/body.h"

#include <gtest/gtest.h>

#include "fixture.h"
#include "http/digests.h"

namespace tidemark::sinks {
namespace {

std::string pull(Body& body, size_t capacity, Status* status) {
  std::string out, buffer(capacity, '\0');
  for (size_t size = 1; size > 0;) {
    *status = body.read(buffer.data(), capacity, &size);
    if (!*status) break;
    out.append(buffer, 0, size);
  }
  return out;
}

std::string bytes_of(size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 131 + i / 256);
  return bytes;
}

TEST(S3Body, WindowsOfASource) {
  const std::string bytes = bytes_of((3 << 20) + 77);
  BufferPool pool;
  const Call call(nullptr, nullptr);
  for (const size_t piece : {size_t{1000}, SIZE_MAX}) {
    TestSource raw{bytes, piece};
    const Source source(raw.get(), call);
    for (BufferPool* pieces : {static_cast<BufferPool*>(nullptr), &pool}) {
      for (const auto& [begin, size] : {std::pair<size_t, size_t>{0, bytes.size()},
                                        {1 << 20, 1 << 20},
                                        {2 << 20, (1 << 20) + 77},
                                        {5, 0}}) {
        Body body(source, begin, size, pieces);
        Status status;
        EXPECT_TRUE(pull(body, 64 * 1024, &status) == bytes.substr(begin, size));
        EXPECT_TRUE(status);
        body.rewind(0);
        EXPECT_TRUE(pull(body, 100'000, &status) == bytes.substr(begin, size)) << "after a rewind";
      }
    }
  }
}

TEST(S3Body, PiecesBeginAtMultiplesOfTheirSize) {
  const std::string bytes = bytes_of(2 << 20);
  BufferPool pool;
  const Call call(nullptr, nullptr);
  std::vector<uint64_t> offsets;
  TestSource raw{bytes};
  raw.on_read = [&](uint64_t offset) { offsets.push_back(offset); };
  const Source source(raw.get(), call);
  Body body(source, 1 << 20, 1 << 20, &pool);
  Status status;
  pull(body, 4096, &status);
  EXPECT_EQ(offsets, (std::vector<uint64_t>{1 << 20, (1 << 20) + BufferPool::kBufferSize, 2 << 20}));
}

TEST(S3Body, TheEndIsGivenOutOnlyIfItIsTheEnd) {
  BufferPool pool;
  const Call call(nullptr, nullptr);
  for (BufferPool* pieces : {static_cast<BufferPool*>(nullptr), &pool}) {
    for (const int lie : {-1, 1}) {
      TestSource raw{bytes_of(1000)};
      tidemark_source liar = *raw.get();
      liar.size_bytes = static_cast<uint64_t>(1000 + lie);
      const Source source(&liar, call);
      Body body(source, 0, liar.size_bytes, pieces);
      Status status;
      EXPECT_LT(pull(body, 300, &status).size(), liar.size_bytes);
      EXPECT_EQ(status_of(status), TIDEMARK_E_CORRUPT);
      ASSERT_TRUE(body.failure());
      EXPECT_EQ(body.failure()->status, TIDEMARK_E_CORRUPT);
    }
  }
}

TEST(S3Body, Memory) {
  const std::string bytes = bytes_of(1000);
  TestSource raw{bytes};
  tidemark_source memory = *raw.get();
  memory.data = reinterpret_cast<const uint8_t*>(raw.bytes.data());
  memory.read = nullptr;
  const Call call(nullptr, nullptr);
  const Source source(&memory, call);
  Body body(source, 100, 500, nullptr);
  EXPECT_EQ(body.text(), std::string_view(bytes).substr(100, 500));
  Status status;
  EXPECT_EQ(pull(body, 77, &status), bytes.substr(100, 500));
}

TEST(S3Digests, KnownValues) {
  Digests digests({.sha256 = true, .crc32c = true, .md5 = true});
  digests.update("1234", 4);
  digests.update("56789", 5);
  EXPECT_EQ(digests.crc32c(), 0xE3069283u);  // the check value of RFC 3720's polynomial
  EXPECT_EQ(crc32c_text(digests.crc32c()), "4waSgw==");
  EXPECT_EQ(*digests.sha256_hex(), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(*digests.md5_base64(), "JfnnlDI7RTiF9RgfG2JNCw==");
}

TEST(S3Digests, HoweverTheBytesAreCut) {
  const std::string bytes = bytes_of(300'000);
  Digests whole({.sha256 = true, .crc32c = true, .md5 = true}),
      cut({.sha256 = true, .crc32c = true, .md5 = true});
  whole.update(bytes.data(), bytes.size());
  for (size_t at = 0, size = 1; at < bytes.size(); at += size, size = size * 3 % 70'001 + 1) {
    cut.update(bytes.data() + at, std::min(size, bytes.size() - at));
  }
  EXPECT_EQ(whole.crc32c(), cut.crc32c());
  EXPECT_EQ(*whole.sha256_hex(), *cut.sha256_hex());
  EXPECT_EQ(*whole.md5_base64(), *cut.md5_base64());
}

}  // namespace
}  // namespace tidemark::sinks
