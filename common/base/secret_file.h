// Files that hold secrets, or that say whom to trust: small, read whole, and only if nobody else can have a
// hand in them.
//
// Any thread; nothing is cached.
#ifndef TIDEMARK_COMMON_BASE_SECRET_FILE_H
#define TIDEMARK_COMMON_BASE_SECRET_FILE_H

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace tidemark {

inline constexpr size_t kSecretFileMaxBytes = size_t{64} * 1024;

enum class Readers : uint8_t {
  kOwner,   // a file of secrets: nobody but its owner may read or write it
  kAnyone,  // what it says is public, but nobody else may write it
};

// PERMANENT, with the file and the remedy, for what is not a regular file (a symbolic link is not), is larger
// than kSecretFileMaxBytes, belongs neither to this user nor to root, or has a mode that `readers` does not
// allow; else by the errno.
Result<Secret> read_secret_file(const std::string& path, Readers readers);

// What of that `info` alone shows, of what lies at `path`: for files that are read in another way. "PATH:
// why", which says nothing of whether the file is used.
Status check_secret_file(const struct stat& info, const std::string& path, Readers readers);

// The rest of a file that may hold secrets: no copy of it is left elsewhere. `expected_bytes` is a guess. 0,
// or an errno, and then `text` is empty; EFBIG: there are more than `limit_bytes`.
int read_secret_text(int fd, size_t expected_bytes, size_t limit_bytes, std::string* text);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_SECRET_FILE_H
