// What the file system's answers mean to a caller, where base/errno_status.h does not say it all.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_FILE_ANSWER_H
#define TIDEMARK_SINKS_FILE_ANSWER_H

#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "base/result.h"
#include "common/tree_list.h"

namespace tidemark::sinks::file {

// ENOENT from open or put means that the sink's directory went away, not that an object is absent.
inline Error not_absent(Error error) {
  if (error.status == TIDEMARK_E_NOT_FOUND && !error.reported) error.status = TIDEMARK_E_PERMANENT;
  return error;
}

// A symbolic link was found in a path.
inline Error symbolic_link(const std::string& what) {
  return fail_sink_errno(ELOOP, what + " (the sink follows no symbolic links below its root)");
}

inline ObjectInfo info_of(const struct stat& info) {
  return {static_cast<uint64_t>(info.st_size), info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000};
}

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_ANSWER_H
