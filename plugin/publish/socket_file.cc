#include "publish/socket_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/files.h"

namespace tidemark::publish {

Result<SocketFile> SocketFile::take(const std::string& path) {
  SocketFile taken;
  // Whoever may write the directory can put something else there between bind and now. So what is looked at
  // and what gets the mode are one file, which is reached by no link, and no file of another kind is opened
  // up.
  taken.file_.reset(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!taken.file_ || ::fstat(taken.file_.get(), &status) != 0)
    return fail_errno(errno, "cannot open the socket " + path);
  if (!S_ISSOCK(status.st_mode))
    return fail(TIDEMARK_E_EXISTS, path + " was replaced by somebody while it was made");
  taken.path_ = path;
  if ((status.st_mode & 07777U) == kMode) return taken;
  // Of a descriptor with O_PATH fchmod does not change the mode.
  const std::string opened = "/proc/self/fd/" + std::to_string(taken.file_.get());
  if (::chmod(opened.c_str(), kMode) != 0) return fail_errno(errno, "cannot set the mode of " + path);
  return taken;
}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::move(other.path_);
  file_ = std::move(other.file_);
  return *this;
}

// Who takes the name between the look and the removal loses it: no call removes a name only if it is a
// certain file's. While the socket is still listened at, nobody takes it who looks first, as we do.
void SocketFile::remove() noexcept {
  if (file_ && is_there()) ::unlink(path_.c_str());
  file_.reset();
}

bool SocketFile::is_there() const noexcept { return file_ && leads_to(AT_FDCWD, path_.c_str(), file_.get()); }

}  // namespace tidemark::publish
