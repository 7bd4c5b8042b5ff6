#include "file/body_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

#include "file/write_out.h"

namespace tidemark::sinks::file {
namespace {

constexpr uint64_t kLargeBytes = 1024 * 1024;

}  // namespace

BodyWriter::BodyWriter(int fd, uint64_t size_bytes)
    : fd_(fd), size_bytes_(size_bytes), is_large_(size_bytes >= kLargeBytes && size_bytes <= INT64_MAX) {}

int BodyWriter::begin() {
  if (!is_large_) return 0;
  if (fallocate(fd_, 0, 0, static_cast<off_t>(size_bytes_)) != 0 && errno != EOPNOTSUPP && errno != ENOSYS &&
      errno != EINTR) {
    return errno;
  }
  return 0;
}

int BodyWriter::write(const char* data, size_t size) {
  while (size > 0) {
    const uint64_t window_left = submitted_ + kWindowBytes - written_;
    const ssize_t written = ::write(fd_, data, is_large_ && window_left < size ? window_left : size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    data += written;
    size -= static_cast<size_t>(written);
    written_ += static_cast<uint64_t>(written);
    if (is_large_ && written_ - submitted_ == kWindowBytes) {
      if (const int problem = write_back(); problem != 0) return problem;
    }
  }
  assert(written_ <= size_bytes_);  // Source holds its caller to that
  return 0;
}

int BodyWriter::finish() { return is_large_ ? drop(written_) : 0; }

// The disk is busy with this window while the next is made, and done with the one before.
int BodyWriter::write_back() {
  // Only a hint: drop() asks again.
  sync_file_range(fd_, static_cast<off_t>(submitted_), static_cast<off_t>(written_ - submitted_),
                  SYNC_FILE_RANGE_WRITE);
  const int problem = drop(submitted_);
  submitted_ = written_;
  return problem;
}

int BodyWriter::drop(uint64_t through) {
  if (through == dropped_) return 0;
  const uint64_t size = through - dropped_;
  if (const int problem = write_out(fd_, dropped_, size); problem != 0) return problem;
  // Only advice: what it answers does not matter.
  posix_fadvise(fd_, static_cast<off_t>(dropped_), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
  dropped_ = through;
  return 0;
}

}  // namespace tidemark::sinks::file
