// Whether two archives lie in one place, or one within the other. Looks at the file system for file: URLs;
// any thread.
#ifndef TIDEMARK_CLI_SAME_PLACE_H
#define TIDEMARK_CLI_SAME_PLACE_H

#include <string>

#include "archive.h"

namespace tidemark::cli {

// What is wrong with copying from one to the other, or empty. A store that is reached by two names is two
// stores to this function.
std::string same_place_text(const ArchiveOptions& from, const ArchiveOptions& to);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SAME_PLACE_H
