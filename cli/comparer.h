// Whether two archives that overlap hold the same entries, by the digests of each. Any thread; memory does
// not grow with the number of entries.
#ifndef TIDEMARK_CLI_COMPARER_H
#define TIDEMARK_CLI_COMPARER_H

#include <optional>

#include "archive.h"
#include "coverage.h"

namespace tidemark::cli {

// The first LSN of `overlap` of which the two say different things; nothing if there is none, or if one of
// the two cannot be read or is damaged, which its own check says.
std::optional<uint64_t> first_difference(Archive& archive, const Overlap& overlap, Stop& stop);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COMPARER_H
