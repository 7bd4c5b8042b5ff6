// Looking at objects and reading them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "file/answer.h"
#include "file/file_sink.h"

namespace tidemark::sinks::file {
namespace {

constexpr uint64_t kSmallBytes = 16 * 1024;

// [begin, end) of the file. One that is shorter than it was when it was opened was tampered with: objects
// never shrink.
Status copy_out(int fd, uint64_t begin, uint64_t end, char* buffer, size_t capacity, const std::string& path,
                const Writer& out, const Call& call) {
  while (begin < end) {
    const ssize_t count =
        pread(fd, buffer, std::min<uint64_t>(capacity, end - begin), static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_sink_errno(errno, "read " + path);
    if (count == 0) return fail(TIDEMARK_E_CORRUPT, path + " became shorter while it was read");
    TM_TRY(out.write(buffer, static_cast<size_t>(count)));
    begin += static_cast<uint64_t>(count);
    if (begin < end) {
      TM_TRY(call.check());
    }
  }
  return {};
}

}  // namespace

Result<UniqueFd> FileSink::open_object(std::string_view key, int flags, ObjectInfo* info) {
  Result<UniqueFd> fd = directories_.open(key, flags | O_NOFOLLOW);
  const auto absent = [&]() -> Result<UniqueFd> {
    TM_TRY(root_.check());
    return fail(TIDEMARK_E_NOT_FOUND, "no object " + directories_.absolute(key));
  };
  if (!fd) {
    const int sys_errno = fd.error().sys_errno;
    if (sys_errno == ENOENT || sys_errno == ENOTDIR || sys_errno == ENXIO) return absent();
    return root_.explain(std::move(fd.error()));
  }
  struct stat stat;
  if (fstat(fd->get(), &stat) != 0) return fail_sink_errno(errno, "stat " + directories_.absolute(key));
  if (S_ISLNK(stat.st_mode)) {  // O_PATH opens the link itself
    return symbolic_link(directories_.absolute(key));
  }
  if (!S_ISREG(stat.st_mode)) return absent();
  *info = info_of(stat);
  return fd;
}

// Its writer may have been killed between giving it its name and the last fsync, so that is made up for here.
Result<ObjectInfo> FileSink::head(std::string_view key, const Call&) {
  ObjectInfo info;
  TM_ASSIGN(const UniqueFd fd, open_object(key, O_RDONLY | O_NONBLOCK, &info));
  if (Status ok = make_durable(fd.get(), key); !ok) return root_.explain(ok.error());
  TM_TRY(root_.check());
  return info;
}

Status FileSink::get(std::string_view key, const Range& range, const Writer& out, const Call& call) {
  ObjectInfo info;
  // O_NONBLOCK: a FIFO under this name must not hang the reader.
  TM_ASSIGN(const UniqueFd fd, open_object(key, O_RDONLY | O_NONBLOCK, &info));
  uint64_t begin = 0, end = 0;
  range.resolve(info.size_bytes, &begin, &end);
  if (begin == end) return {};
  const std::string path = directories_.absolute(key);
  if (end - begin <= kSmallBytes) {
    char buffer[kSmallBytes];
    return copy_out(fd.get(), begin, end, buffer, sizeof buffer, path, out, call);
  }
  posix_fadvise(fd.get(), static_cast<off_t>(begin), static_cast<off_t>(end - begin), POSIX_FADV_SEQUENTIAL);
  const BufferPool::Lease buffer(buffers_);
  return copy_out(fd.get(), begin, end, buffer.data(), buffers_.buffer_bytes(), path, out, call);
}

}  // namespace tidemark::sinks::file
