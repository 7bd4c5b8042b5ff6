#include "file/body_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

namespace tidemark::sinks::file {
namespace {

constexpr uint64_t kLargeBytes = 1024 * 1024;  // from here on space is reserved and the cache is passed by
constexpr uint64_t kWritebackBytes = 8 * 1024 * 1024;  // let the disk begin after each of these
constexpr size_t kPageBytes = 4096;                    // no file system asks for more

bool is_on_page(const char* data) { return reinterpret_cast<uintptr_t>(data) % kPageBytes == 0; }

}  // namespace

int BodyWriter::begin() {
  if (size_bytes_ < kLargeBytes || size_bytes_ > INT64_MAX) return 0;
  if (fallocate(fd_, 0, 0, static_cast<off_t>(size_bytes_)) != 0 && errno != EOPNOTSUPP && errno != ENOSYS &&
      errno != EINTR) {
    return errno;
  }
  (void)set_direct(true);  // the usual way will do
  return 0;
}

int BodyWriter::write(const char* data, size_t size) {
  while (size > 0) {
    const size_t whole_pages = is_on_page(data) ? size / kPageBytes * kPageBytes : 0;
    ssize_t written = -1;
    if (direct_ && whole_pages > 0) written = ::write(fd_, data, whole_pages);
    if (direct_ && (whole_pages == 0 || (written < 0 && errno == EINVAL))) {
      if (const int problem = set_direct(false); problem != 0) return problem;
    }
    if (!direct_) written = ::write(fd_, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data += written;
    size -= static_cast<size_t>(written);
    written_ += static_cast<uint64_t>(written);
  }
  assert(written_ <= size_bytes_);  // Source holds its caller to that
  if (!direct_) start_writeback();
  return 0;
}

int BodyWriter::set_direct(bool direct) {
  const int flags = fcntl(fd_, F_GETFL);
  if (flags < 0) return errno;
  if (fcntl(fd_, F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) != 0) return errno;
  direct_ = direct;
  return 0;
}

void BodyWriter::start_writeback() {
  if (written_ - submitted_ < kWritebackBytes) return;
  // Only a hint: errors of the disk come back from fsync.
  sync_file_range(fd_, static_cast<off_t>(submitted_), static_cast<off_t>(written_ - submitted_),
                  SYNC_FILE_RANGE_WRITE);
  submitted_ = written_;
}

}  // namespace tidemark::sinks::file
