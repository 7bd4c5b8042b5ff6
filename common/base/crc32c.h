// CRC-32C (Castagnoli; RFC 3720, appendix B.4): shows whether bytes read again are the same; S3 stores check
// it.
//
// Any thread. It guards against change, not against malice.
#ifndef TIDEMARK_COMMON_BASE_CRC32C_H
#define TIDEMARK_COMMON_BASE_CRC32C_H

#include <cstddef>
#include <cstdint>

namespace tidemark {

// The checksum of bytes whose beginning has the checksum `crc` (0: no beginning) and whose end is `data`.
uint32_t extend_crc32c(uint32_t crc, const void* data, size_t size);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_CRC32C_H
