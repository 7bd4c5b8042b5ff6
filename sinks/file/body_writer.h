// Writes the body of one new file, front to back, and leaves fsync to its owner.
//
// Large bodies go past the page cache: that costs a third of the processor's time, is faster than the cache
// can be written back, and leaves the engine's own pages in memory. If the file system or a piece's offset
// does not allow it (tmpfs, a body that does not end on a page), the rest goes through the cache.
//
// One thread. The descriptor is borrowed, must be writable and at offset 0.
#ifndef TIDEMARK_SINKS_FILE_BODY_WRITER_H
#define TIDEMARK_SINKS_FILE_BODY_WRITER_H

#include <cstddef>
#include <cstdint>

namespace tidemark::sinks::file {

class BodyWriter {
 public:
  BodyWriter(int fd, uint64_t size_bytes) : fd_(fd), size_bytes_(size_bytes) {}

  // Both: 0 or an errno. begin() reserves the space of a large body, so that a full disk is noticed at once.
  int begin();
  int write(const char* data, size_t size);

 private:
  int set_direct(bool direct);
  void start_writeback();

  const int fd_;
  const uint64_t size_bytes_;
  uint64_t written_ = 0;
  uint64_t submitted_ = 0;
  bool direct_ = false;
};

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_BODY_WRITER_H
