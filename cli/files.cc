#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace tidemark::cli {

Result<void> write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno_error("cannot write " + path);
    data.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<std::string> read_file(const std::string& path, size_t limit_bytes, bool& found) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  found = static_cast<bool>(fd);
  if (!fd && errno == ENOENT) return std::string();
  if (!fd) return errno_error("cannot open " + path);
  std::string data;
  for (;;) {
    const size_t used = data.size();
    data.resize(used + 65536);
    const ssize_t got = ::read(fd.get(), data.data() + used, 65536);
    data.resize(used + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("cannot read " + path);
    if (got == 0) return data;
    if (data.size() > limit_bytes) return errno_error("cannot read " + path, EFBIG);
  }
}

Result<void> replace_file(const std::string& path, std::string_view data) {
  const std::string temporary = path + ".tmp";
  {
    UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return errno_error("cannot create " + temporary);
    if (auto written = write_all(fd.get(), data, temporary); !written) return written;
    if (::fsync(fd.get()) != 0) return errno_error("cannot fsync " + temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return errno_error("cannot replace " + path);
  return sync_dir(parent_of(path));
}

Result<void> sync_dir(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open the directory " + path);
  if (::fsync(fd.get()) != 0) return errno_error("cannot fsync the directory " + path);
  return {};
}

Result<void> make_dirs(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return sync_dir(parent_of(path));
  if (errno == EEXIST) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return errno_error("cannot create the directory " + path, ENOTDIR);
  }
  const std::string parent = parent_of(path);
  if (errno != ENOENT || parent == path) return errno_error("cannot create the directory " + path);
  if (auto made = make_dirs(parent); !made) return made;
  if (::mkdir(path.c_str(), 0755) != 0) return errno_error("cannot create the directory " + path);
  return sync_dir(parent);
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace tidemark::cli
