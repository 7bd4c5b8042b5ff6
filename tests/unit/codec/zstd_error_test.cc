// What libzstd says, as an error of ours.
#include "codec/zstd_error.h"

#include <gtest/gtest.h>

namespace tidemark::codec {
namespace {

size_t failed_with(ZSTD_ErrorCode code) { return static_cast<size_t>(0) - static_cast<size_t>(code); }

TEST(ZstdError, WantOfMemoryIsWorthARetry) {
  const Status status = check_zstd(failed_with(ZSTD_error_memory_allocation), "ZSTD_compressStream2");
  ASSERT_FALSE(status);
  EXPECT_TRUE(is_out_of_memory(status.error()));
}

TEST(ZstdError, AllElseNamesTheFunctionAndTheLibrary) {
  const Status status = check_zstd(failed_with(ZSTD_error_parameter_outOfBound), "ZSTD_CCtx_setParameter");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_EQ(status.error().message, std::string("ZSTD_CCtx_setParameter of libzstd ") + ZSTD_versionString() +
                                        " failed: Parameter is out of bound");
}

TEST(ZstdError, SizesAreNoErrors) {
  EXPECT_TRUE(check_zstd(0, "x"));
  EXPECT_TRUE(check_zstd(SIZE_MAX / 2, "x"));
}

}  // namespace
}  // namespace tidemark::codec
