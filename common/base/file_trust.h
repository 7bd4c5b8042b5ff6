// Whether a file that holds secrets, or says whom to trust, is one that nobody else can have a hand in.
//
// Any thread.
#ifndef TIDEMARK_COMMON_BASE_FILE_TRUST_H
#define TIDEMARK_COMMON_BASE_FILE_TRUST_H

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tidemark {

enum class Readers : uint8_t {
  kOwner,   // a file of secrets: nobody but its owner may read or write it
  kAnyone,  // what it says is public, but nobody else may write it
};

// PERMANENT, "PATH: why" with the remedy, of what `info` shows of what lies at `path`: it is not a regular
// file, belongs neither to this user nor to root, or has a mode that `readers` does not allow.
Status check_file_trust(const struct stat& info, const std::string& path, Readers readers);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_FILE_TRUST_H
