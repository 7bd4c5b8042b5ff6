// Files and directories of this machine, with errors that name the path: those of files that are not a
// sink's. Any thread; nothing is cached.
#ifndef TIDEMARK_COMMON_BASE_FILES_H
#define TIDEMARK_COMMON_BASE_FILES_H

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark {

// kUnsafe leaves everything to the kernel's write-back: for what may be lost with the machine's power.
enum class Durability { kFsync, kUnsafe };
// Who may read a file that is made: as the umask says, or all, whatever it says.
enum class ReadableBy { kUmask, kAll };

Status write_all(int fd, std::string_view data, const std::string& path);
// NOT_FOUND: nothing is there. More than `limit_bytes` is an error, and so is what is no regular file: a FIFO
// or a terminal would be waited for.
Result<std::string> read_file(const std::string& path, size_t limit_bytes = SIZE_MAX);
// Whether an output that a person has named may be put at `path`: nothing is there, or an empty regular file,
// or one that begins with `beginning`, as all of its kind do. EXISTS: it is something else, which stays.
Status may_replace(const std::string& path, std::string_view beginning);
// Readers see the old or the new content, never a part; with kFsync also after a power cut. What is written
// has the name <path>.tmp until it is whole; two writers, of any processes, do so one after the other.
Status replace_file(const std::string& path, std::string_view data, Durability durability,
                    ReadableBy readers = ReadableBy::kUmask);

// Gives what is complete in one directory a name in another of the same file system, also a directory
// that its owner may not write. Whenever the process is killed, what has the name is whole and has its mode;
// a directory that could not be written may then be left beside it, under a name that begins with
// kMovingPrefix. 0, or an errno; EEXIST: something has the name already, and keeps it; EINVAL: this file
// system cannot rename without replacing. The caller makes the names durable.
inline constexpr const char* kMovingPrefix = ".tidemark-moving-";
int move_new(int from_fd, const char* from, int to_fd, const char* to);

// Whether `name`, beside `parent_fd` or in AT_FDCWD, still leads to what `fd` has open.
bool leads_to(int parent_fd, const char* name, int fd);
// Of the whole file, exclusively, at once. kUnsupported: this file system has no such locks, or none for
// `fd`.
enum class Lock { kHeld, kBusy, kUnsupported };
Lock try_lock(int fd);

Status sync_dir(const std::string& path);
// The directory and its missing parents; with kFsync each new name is made durable in its parent.
Status make_dirs(const std::string& path, Durability durability);
std::string parent_of(const std::string& path);  // "." if it names none

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_FILES_H
