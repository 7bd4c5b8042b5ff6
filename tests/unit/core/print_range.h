// Ranges in the messages of tests that fail.
#ifndef TIDEMARK_TESTS_UNIT_CORE_PRINT_RANGE_H
#define TIDEMARK_TESTS_UNIT_CORE_PRINT_RANGE_H

#include <ostream>

#include "format/types.h"

namespace tidemark {

inline void PrintTo(const Range& range, std::ostream* out) { *out << range.first << ".." << range.last; }

}  // namespace tidemark

#endif  // TIDEMARK_TESTS_UNIT_CORE_PRINT_RANGE_H
