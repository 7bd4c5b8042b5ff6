#include "codec/age_chunks.h"

#include <gtest/gtest.h>

#include "format/hex.h"

namespace tidemark::codec {
namespace {

TEST(AgeChunks, ANonceIsTheNumberAndWhetherItIsTheLast) {
  EXPECT_EQ(hex(age_chunk_nonce(0, false)), "000000000000000000000000");
  EXPECT_EQ(hex(age_chunk_nonce(0, true)), "000000000000000000000001");
  EXPECT_EQ(hex(age_chunk_nonce(0x0102030405060708, false)), "000000010203040506070800");
  EXPECT_EQ(hex(age_chunk_nonce(UINT64_MAX, true)), "000000ffffffffffffffff01");
}

TEST(AgeChunks, NothingIsAChunkToo) {
  EXPECT_EQ(age_chunks(0), 1U);
  EXPECT_EQ(age_chunks(1), 1U);
  EXPECT_EQ(age_chunks(65536), 1U);
  EXPECT_EQ(age_chunks(65537), 2U);
  EXPECT_EQ(age_chunks(131072), 2U);
  EXPECT_EQ(age_chunks(UINT64_MAX), uint64_t{1} << 48);
}

}  // namespace
}  // namespace tidemark::codec
