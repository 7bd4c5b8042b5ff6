// Files that hold secrets, or that say whom to trust: small, read whole, and only if nobody else can have a
// hand in them.
//
// Any thread; nothing is cached.
#ifndef TIDEMARK_COMMON_BASE_SECRET_FILE_H
#define TIDEMARK_COMMON_BASE_SECRET_FILE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_trust.h"
#include "base/result.h"
#include "base/secret.h"

namespace tidemark {

inline constexpr size_t kSecretFileMaxBytes = size_t{64} * 1024;

// INVALID for a key in place of its file. PERMANENT, with the file and the remedy, for what is not a regular
// file (a symbolic link is not), is larger than kSecretFileMaxBytes, belongs neither to this user nor to
// root, or has a mode that `readers` does not allow; else by the errno.
Result<Secret> read_secret_file(const std::string& path, Readers readers);

// The rest of a file that may hold secrets: no copy of it is left elsewhere. `expected_bytes` is a guess. 0,
// or an errno, and then `text` is empty; EFBIG: there are more than `limit_bytes`.
int read_secret_text(int fd, size_t expected_bytes, size_t limit_bytes, std::string* text);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_SECRET_FILE_H
