// Reading, listing and removing objects.
#include "file/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "file/tree.h"

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
    return fail_sink_errno(
        ELOOP, directories_.absolute(key) + " (the sink follows no symbolic links below its root)");
  }
  if (!S_ISREG(stat.st_mode)) return absent();
  *info = {static_cast<uint64_t>(stat.st_size),
           stat.st_mtim.tv_sec * 1'000'000 + stat.st_mtim.tv_nsec / 1000};
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

Status FileSink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call) {
  FileTree tree(directories_, call);
  const Status listed = list_tree(tree, prefix, start_after, visit, call);
  return listed ? root_.check() : root_.explain(listed.error());
}

// Directories that become empty stay: another put may be about to use them.
Status FileSink::remove(std::string_view key, const Call&) {
  TM_TRY(root_.check());  // what is removed elsewhere is gone all the same
  const Status removed = remove_here(key);
  return removed ? root_.check() : root_.explain(removed.error());
}

Status FileSink::remove_here(std::string_view key) {
  const size_t slash = key.rfind('/');
  const Result<UniqueFd> directory = directories_.open(
      key.substr(0, slash == std::string_view::npos ? 0 : slash), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory) {
    const int sys_errno = directory.error().sys_errno;
    if (sys_errno == ENOENT || sys_errno == ENOTDIR) return {};
    return directory.error();
  }
  const SyncGroup::Directory watched = syncs_.watch(directory->get());
  const std::string name(key.substr(slash + 1));
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
