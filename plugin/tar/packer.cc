#include "tar/packer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/stopwatch.h"
#include "tar/layout.h"

namespace tidemark::tar {
namespace {

// All bytes up to the end of the file or to `size`; a negative errno on failure.
ssize_t read_all(int fd, uint8_t* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count = ::read(fd, out + done, size - done);
    if (count > 0) {
      done += static_cast<size_t>(count);
      // One byte more than the file has was asked for: a short answer is its end.
      if (done + 1 >= size) break;
    } else if (count == 0) {
      break;
    } else if (errno != EINTR) {
      return -errno;
    }
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

void Packer::begin(uint8_t* buffer, size_t capacity) {
  buffer_ = buffer;
  capacity_ = capacity;
  used_ = 0;
  overflowed_ = false;
  read_time_ = {};
}

// The error only ends the walk; nobody sees it.
Error Packer::overflow() {
  overflowed_ = true;
  return fail(TIDEMARK_E_RETRYABLE, {});
}

Status Packer::add(const Member& member) {
  const size_t headers = header_size(member);
  // The byte more is for the probe after the end of a file.
  if (member.size_bytes >= capacity_ || headers + padded(member.size_bytes + 1) > capacity_ - used_) {
    return overflow();
  }
  write_header(member, buffer_ + used_);
  used_ += headers;
  return {};
}

Status Packer::on_directory(const tree::Place& place, const struct stat& info) {
  return add({place.member, {}, 0, static_cast<uint16_t>(info.st_mode & 07777), MemberType::kDirectory});
}

Status Packer::on_file(const tree::Place& place) {
  const UniqueFd fd(openat(place.directory_fd, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return tree::fail_inside(errno, place.path());
  struct stat before;
  if (fstat(fd.get(), &before) != 0) return fail_errno(errno, place.path());
  if (!S_ISREG(before.st_mode)) return tree::fail_type(place.path(), before.st_mode);
  const auto size = static_cast<size_t>(before.st_size);
  const auto mode = static_cast<uint16_t>(before.st_mode & 07777);
  TM_TRY(add({place.member, {}, size, mode, MemberType::kFile}));

  const Stopwatch reading;
  const ssize_t count = read_all(fd.get(), buffer_ + used_, size + 1);
  read_time_ += reading.elapsed();
  if (count < 0) return fail_errno(static_cast<int>(-count), place.path());
  struct stat after;
  if (fstat(fd.get(), &after) != 0) return fail_errno(errno, place.path());
  const tree::FileStamp stamp = tree::stamp_of(before);
  if (tree::stamp_of(after) != stamp) return tree::fail_changed(place.path(), after, stamp);
  if (static_cast<size_t>(count) != size) return tree::fail_size(place.path(), size);
  attributes_.look(fd.get(), place);
  std::memset(buffer_ + used_ + size, 0, padded(size) - size);
  used_ += padded(size);
  return {};
}

Status Packer::on_symlink(const tree::Place& place) {
  char buffer[tree::kLinkTargetMax + 1];
  TM_ASSIGN(const auto link, tree::read_link(place, buffer));
  return add({place.member, link, 0, 0777, MemberType::kSymlink});
}

}  // namespace tidemark::tar
