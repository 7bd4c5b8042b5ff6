// Files and directories of this machine, with errors that name the path. Any thread; nothing is cached.
#ifndef TIDEMARK_CLI_FILES_H
#define TIDEMARK_CLI_FILES_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "error.h"

namespace tidemark::cli {

Result<void> write_all(int fd, std::string_view data, const std::string& path);
// At most `limit_bytes`; more is an error. NOT there: an empty text and found = false.
Result<std::string> read_file(const std::string& path, size_t limit_bytes, bool& found);
// Readers see the old or the new content, also after a power cut.
Result<void> replace_file(const std::string& path, std::string_view data);

Result<void> sync_dir(const std::string& path);
// The directory and its missing parents; each new name is made durable in its parent.
Result<void> make_dirs(const std::string& path);
std::string parent_of(const std::string& path);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_FILES_H
