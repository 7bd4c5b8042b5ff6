// What a result of libzstd says, as an error of ours.
#ifndef TIDEMARK_CODEC_ZSTD_ERROR_H
#define TIDEMARK_CODEC_ZSTD_ERROR_H

#include <zstd.h>
#include <zstd_errors.h>

#include <cstddef>
#include <string>

#include "base/result.h"

namespace tidemark::codec {

// Of a call that fails only for want of memory, or because the library is not what it was built against.
inline Status check_zstd(size_t result, const char* function) {
  if (ZSTD_isError(result) == 0) return {};
  if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) return out_of_memory();
  return fail(std::string(function) + " of libzstd " + ZSTD_versionString() +
              " failed: " + ZSTD_getErrorName(result));
}

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_ZSTD_ERROR_H
