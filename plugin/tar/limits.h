// How much an archive may hold, besides what tree/limits.h says of its members. Writing and reading use the
// same limits, so that what was archived can be read. Numbers only; any thread.
#ifndef TIDEMARK_TAR_LIMITS_H
#define TIDEMARK_TAR_LIMITS_H

#include <cstddef>
#include <cstdint>
#include <limits>

#include "tree/limits.h"

namespace tidemark::tar {

inline constexpr size_t kBlockSize = 512;

// Of one member's headers, pax records included: four of them, two of which are a name and a target.
inline constexpr size_t kHeaderMax = 20 * kBlockSize;
inline constexpr size_t kPaxRecordsMax = kHeaderMax - 2 * kBlockSize;

// Of all members of an archive: room for the end mark and the footer within what a file's size can say.
inline constexpr uint64_t kMembersBytesMax =
    static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - (64 << 10);

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_LIMITS_H
