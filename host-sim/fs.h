// Files and directories, with errors that name the path. Any thread; nothing is cached.
#ifndef TIDEMARK_HOST_SIM_FS_H
#define TIDEMARK_HOST_SIM_FS_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark::host {

// kUnsafe leaves everything to the kernel's write-back: for benchmarks that prepare their data.
enum class Durability { kFsync, kUnsafe };

Result<std::string> read_file(const std::string& path);
Result<void> write_all(int fd, std::string_view data, const std::string& path);

// A new file (an existing one is an error) with exactly these permission bits, whatever the umask.
Result<void> write_new_file(const std::string& path, std::string_view data, uint32_t mode,
                            Durability durability);

// Readers see the old or the new content, never a part. Not fsynced: after a power cut it may be the old one.
Result<void> replace_file(const std::string& path, std::string_view data);

Result<void> sync_dir(const std::string& path);

// The directory and its missing parents; each new name is made durable in its parent.
Result<void> make_dirs(const std::string& path, Durability durability);

// Names without . and .., in byte order. A directory that is not there is empty.
Result<std::vector<std::string>> list_names(const std::string& path);

// Nothing there is fine.
Result<void> remove_tree(const std::string& path);

// Every byte that would not stand alone in a line of text (blank, control, non-ASCII, %) as %XX.
std::string percent_encode(std::string_view text);
Result<std::string> percent_decode(std::string_view text);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_FS_H
