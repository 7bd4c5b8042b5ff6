#include "http/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.h"
#include "base/line.h"
#include "base/printable.h"
#include "base/secret_file.h"

namespace tidemark::sinks {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

}  // namespace

Result<std::string> read_small_file(const std::string& path, struct stat* stated) {
  const std::string what = "cannot read " + quote(path);
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // no waiting for a FIFO's writer
  if (!fd) return fail_sink_errno(errno, "cannot read " + quote(printable_file(path)));
  struct stat& info = *stated;
  if (fstat(fd.get(), &info) != 0) return fail_sink_errno(errno, what);
  if (!S_ISREG(info.st_mode)) {
    Error error;
    error.code = kNotRegular;
    error.message = what + ": not a regular file";
    return error;
  }
  std::string text;
  // The size is only a start: files below /proc and /sys say 0.
  const auto expected_bytes = std::max<size_t>(info.st_size, 4095);
  const int problem = read_secret_text(fd.get(), expected_bytes, kSmallFileMaxBytes, &text);
  if (problem == EFBIG) {
    return fail(TIDEMARK_E_PERMANENT,
                what + ": larger than " + std::to_string(kSmallFileMaxBytes) + " bytes");
  }
  if (problem != 0) return fail_sink_errno(problem, what);
  return text;
}

Result<std::string> read_small_file(const std::string& path) {
  struct stat info {};
  return read_small_file(path, &info);
}

FileStamp FileStamp::of(const std::string& path) {
  FileStamp stamp;
  stamp.path = path;
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return stamp;
  stamp.device = info.st_dev;
  stamp.inode = info.st_ino;
  stamp.size_bytes = info.st_size;
  stamp.modified_ns = info.st_mtim.tv_sec * kNsPerSecond + info.st_mtim.tv_nsec;
  stamp.changed_ns = info.st_ctim.tv_sec * kNsPerSecond + info.st_ctim.tv_nsec;
  return stamp;
}

}  // namespace tidemark::sinks
