// Has bytes of a file written to the disk, and waits for it. Not an fsync: neither the file's size nor its
// blocks are durable, nor is the disk's own cache flushed. Any thread.
#ifndef TIDEMARK_SINKS_FILE_WRITE_OUT_H
#define TIDEMARK_SINKS_FILE_WRITE_OUT_H

#include <fcntl.h>

#include <cerrno>
#include <cstdint>

namespace tidemark::sinks::file {

// Of `size` bytes, 0 for all from `offset` on: 0 or an errno. An error found here may not be reported again
// by fsync, so it counts. Only "I cannot do this" does not.
inline int write_out(int fd, uint64_t offset, uint64_t size) {
  constexpr unsigned kAll = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  while (sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(size), kAll) != 0) {
    if (errno == EINTR) continue;
    return errno == ENOSYS || errno == EINVAL || errno == ESPIPE ? 0 : errno;
  }
  return 0;
}

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_WRITE_OUT_H
