// Removing objects.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "file/file_sink.h"

namespace tidemark::sinks::file {

// Directories that become empty stay: another put may be about to use them.
Status FileSink::remove(std::string_view key, const Call&) {
  TM_TRY(root_.check());  // what is removed elsewhere is gone all the same
  const Status removed = remove_here(key);
  return removed ? root_.check() : root_.explain(removed.error());
}

Status FileSink::remove_here(std::string_view key) {
  const Result<UniqueFd> directory =
      directories_.open(directory_of(key), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory) {
    const int sys_errno = directory.error().sys_errno;
    if (sys_errno == ENOENT || sys_errno == ENOTDIR) return {};
    return directory.error();
  }
  const SyncGroup::Directory watched = syncs_.watch(directory->get());
  const std::string name(key.substr(key.rfind('/') + 1));
  struct stat stat;
  if (fstatat(directory->get(), name.c_str(), &stat, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISREG(stat.st_mode)) return {};  // no object
    if (unlinkat(directory->get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      return fail_sink_errno(errno, "remove " + directories_.absolute(key));
    }
  } else if (errno != ENOENT) {
    return fail_sink_errno(errno, "stat " + directories_.absolute(key));
  }
  // Also when it was absent: whoever removed it may not have made that durable yet.
  return sync_directory(watched, key);
}

}  // namespace tidemark::sinks::file
