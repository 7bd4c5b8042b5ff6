// The words of the scheduler: numbers, ranges and time. Pure values; any thread.
#ifndef TIDEMARK_CORE_TYPES_H
#define TIDEMARK_CORE_TYPES_H

#include <cstdint>
#include <limits>

#include "format/types.h"

namespace tidemark::core {

using tidemark::kEveryLsn;
using tidemark::kNoLsn;
using tidemark::Lsn;
using tidemark::Range;

using PartitionRef = uint32_t;  // a dense number the runtime gives each partition it knows
using StorageRef = uint16_t;    // the same for the name of a storage
using TimeMs = int64_t;         // a monotonic clock; only differences mean anything

inline constexpr TimeMs kNever = std::numeric_limits<TimeMs>::max();

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_TYPES_H
