// More of files and directories than base/files.h has. Any thread; nothing is cached.
#ifndef TIDEMARK_HOST_SIM_FS_H
#define TIDEMARK_HOST_SIM_FS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/result.h"

namespace tidemark::host {

// A new file (an existing one is an error) with exactly these permission bits, whatever the umask.
Result<void> write_new_file(const std::string& path, std::string_view data, uint32_t mode,
                            Durability durability);

// Names without . and .., in byte order. A directory that is not there is empty.
Result<std::vector<std::string>> list_names(const std::string& path);

// Nothing there is fine.
Result<void> remove_tree(const std::string& path);

// Every byte that would not stand alone in a line of text (blank, control, non-ASCII, %) as %XX.
std::string percent_encode(std::string_view text);
Result<std::string> percent_decode(std::string_view text);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_FS_H
