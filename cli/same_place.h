// Where an archive lies, as its URL says; and whether two lie in one place, or one within the other. Any
// thread.
#ifndef TIDEMARK_CLI_SAME_PLACE_H
#define TIDEMARK_CLI_SAME_PLACE_H

#include <string>

#include "archive.h"

namespace tidemark::cli {

// The directory of a file: URL; empty: it is another sink's.
std::string directory_of(const std::string& url);

// What is wrong with copying from one to the other, or empty. Directories are compared whatever leads to
// them; a store that is reached by two names is two stores to this function.
std::string same_place_text(const ArchiveOptions& from, const ArchiveOptions& to);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SAME_PLACE_H
