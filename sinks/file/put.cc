// How an object gets into the sink: written and fsynced out of sight, then given its name, then the
// directory fsynced.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <climits>
#include <memory>

#include "base/line.h"
#include "file/body_pipe.h"
#include "file/body_writer.h"
#include "file/file_sink.h"
#include "file/unnamed_file.h"

namespace tidemark::sinks::file {
namespace {

constexpr int kMaxAttempts = 3;
constexpr uint64_t kLookFirstBytes = 64 * 1024;      // from here on a look at what is there is cheap
constexpr uint64_t kOverlapBytes = 4 * 1024 * 1024;  // from here on a thread of its own is worth it

// The last part of a key; NUL-terminated without touching the heap.
class LastPart {
 public:
  explicit LastPart(std::string_view key) {
    const std::string_view part = key.substr(key.rfind('/') + 1);
    assert(part.size() < sizeof text_);
    part.copy(text_, part.size());
    text_[part.size()] = '\0';
  }
  const char* c_str() const { return text_; }

 private:
  char text_[TIDEMARK_KEY_MAX + 1];
};

Status check_part_lengths(std::string_view key, const Directories& directories) {
  for (size_t begin = 0; begin < key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    if (end - begin > NAME_MAX) {
      return fail_sink_errno(ENAMETOOLONG, "put " + quote(directories.absolute(key)) +
                                               ": a part of the key has " + std::to_string(end - begin) +
                                               " bytes, a file name has at most " + std::to_string(NAME_MAX));
    }
    begin = end + 1;
  }
  return {};
}

// How many bodies are being written, and whether this one began as the only one.
class OneOfSome {
 public:
  explicit OneOfSome(std::atomic<uint32_t>& count) : count_(count), was_only_(count.fetch_add(1) == 0) {}
  ~OneOfSome() { count_.fetch_sub(1); }
  OneOfSome(const OneOfSome&) = delete;
  OneOfSome& operator=(const OneOfSome&) = delete;
  bool was_only() const { return was_only_; }

 private:
  std::atomic<uint32_t>& count_;
  const bool was_only_;
};

// As Source::for_each_piece does. If a write fails it ends early, and finish() says how.
Status pull_through(BodyPipe& pipe, const Source& source, size_t buffer_bytes, const Call& call) {
  for (uint64_t offset = 0;;) {
    char* const buffer = pipe.next();
    if (buffer == nullptr) return {};
    TM_TRY(call.check());
    size_t size = 0;
    TM_TRY(source.read(offset, buffer, buffer_bytes, &size));
    if (size == 0) return {};
    pipe.give(size);
    offset += size;
  }
}

}  // namespace

// Without a name in the staging area there is nothing to clean up.
struct FileSink::NewFile {
  UniqueFd fd;
  std::shared_ptr<StagingArea> area;
  std::string staged_name;

  NewFile(UniqueFd file) : fd(std::move(file)) {}
  NewFile(NewFile&&) = default;
  ~NewFile() {
    if (!staged_name.empty()) unlinkat(area->fd(), staged_name.c_str(), 0);
  }
};

// A directory that someone removes while it is empty (a job that tidies up) makes one of the steps fail
// with ENOENT; everything is done again then, the source can be read twice.
Status FileSink::put(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  TM_TRY(check_part_lengths(key, directories_));
  for (int attempt = 1;; ++attempt) {
    TM_TRY(root_.check_if_old());  // before a body is written for nothing
    const uint64_t returns = root_.returns();
    Status done = put_once(key, source, flags, call);
    if (done || done.error().reported) return done;
    Error error = root_.explain(std::move(done.error()));
    // The steps may have been taken on both sides of an absence: EXDEV and its like say nothing of the
    // object.
    if (error.sys_errno != 0 && root_.returns() != returns) error.status = TIDEMARK_E_RETRYABLE;
    const bool vanished = error.status == TIDEMARK_E_NOT_FOUND;
    if (vanished && attempt < kMaxAttempts) continue;
    if (vanished) error.status = TIDEMARK_E_RETRYABLE;  // directories keep vanishing: no news of the object
    return error;
  }
}

Status FileSink::put_once(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  TM_ASSIGN(const UniqueFd directory, directories_.open_or_create(directory_of(key)));
  const int directory_fd = directory.get();
  const SyncGroup::Directory watched = syncs_.watch(directory_fd);
  if ((flags & TIDEMARK_PUT_IF_ABSENT) != 0 && source.size_bytes() >= kLookFirstBytes &&
      faccessat(directory_fd, LastPart(key).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    return settle_existing(directory_fd, key);
  }
  TM_ASSIGN(NewFile file, new_file(directory_fd, key));
  TM_TRY(write_body(file.fd.get(), key, source, call));
  TM_TRY(call.check());
  if (const int sys_errno = syncs_.sync_file(file.fd.get(), source.size_bytes()); sys_errno != 0) {
    return fail_sink_errno(sys_errno, "fsync " + directories_.absolute(key));
  }
  TM_TRY(call.check());
  // What becomes visible elsewhere, because the root was moved a moment ago, does not count.
  TM_TRY(root_.check_if_old());
  TM_TRY(publish(file, watched, key, flags));
  return root_.check();
}

Result<FileSink::NewFile> FileSink::new_file(int directory_fd, std::string_view key) {
  if (unnamed_) {
    UniqueFd fd(open_unnamed(directory_fd));
    if (!fd) return fail_sink_errno(errno, "create an unnamed file for " + directories_.absolute(key));
    return NewFile(std::move(fd));
  }
  Result<std::shared_ptr<StagingArea>> area = staging_area();
  for (int attempt = 1; area; ++attempt) {
    std::string name = (*area)->next_name();
    UniqueFd fd(openat((*area)->fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
    if (fd) {
      NewFile file(std::move(fd));
      file.area = std::move(*area);
      file.staged_name = std::move(name);
      return file;
    }
    // Where there are no locks, an instance that was idle for a day may find its area swept.
    if (errno != ENOENT || attempt == kMaxAttempts) {
      return fail_sink_errno(errno, "create a staging file for " + directories_.absolute(key));
    }
    area = staging_area(area->get());
  }
  return area.error();
}

Status FileSink::write_body(int fd, std::string_view key, const Source& source, const Call& call) {
  BodyWriter writer(fd, source.size_bytes());
  if (const int problem = writer.begin(); problem != 0) {
    return fail_sink_errno(problem, "reserve " + std::to_string(source.size_bytes()) + " bytes for " +
                                        directories_.absolute(key));
  }
  TM_TRY(write_pieces(writer, key, source, call));
  return written(key, writer.finish());
}

Status FileSink::write_pieces(BodyWriter& writer, std::string_view key, const Source& source,
                              const Call& call) {
  // Of several bodies one is read while another is written; a single one is read ahead of itself.
  const OneOfSome one(bodies_);
  if (one.was_only() && source.data() == nullptr && source.size_bytes() >= kOverlapBytes &&
      buffers_.buffers_a_put() >= BodyPipe::kBuffers) {
    if (const std::unique_ptr<BodyPipe> pipe = BodyPipe::start(writer, buffers_)) {
      TM_TRY(pull_through(*pipe, source, buffers_.buffer_bytes(), call));
      return written(key, pipe->finish());
    }
  }
  return source.for_each_piece(
      buffers_, [&](const char* data, size_t size) { return written(key, writer.write(data, size)); });
}

Status FileSink::written(std::string_view key, int problem) const {
  return problem == 0 ? Status() : fail_sink_errno(problem, "write " + directories_.absolute(key));
}

Status FileSink::publish(NewFile& file, const SyncGroup::Directory& directory, std::string_view key,
                         uint32_t flags) {
  const Status published = publish_new(file, directory.fd, key);
  if (!published) {
    if (published.error().status != TIDEMARK_E_EXISTS) return published;
    if ((flags & TIDEMARK_PUT_IF_ABSENT) != 0) return settle_existing(directory.fd, key);
    TM_TRY(replace(file, directory.fd, key));
  }
  return sync_directory(directory, key);
}

Status FileSink::publish_new(NewFile& file, int directory_fd, std::string_view key) {
  const LastPart name(key);
  const int linked = file.staged_name.empty()
                         ? link_unnamed(file.fd.get(), directory_fd, name.c_str())
                         : linkat(file.area->fd(), file.staged_name.c_str(), directory_fd, name.c_str(), 0);
  if (linked == 0) return {};
  if (errno == EEXIST) return fail(TIDEMARK_E_EXISTS, {});
  if (errno == EXDEV) {
    return fail_sink_errno(
        EXDEV, "put " + directories_.absolute(key) +
                   " (its directory lies on another file system than the root; use staging=unnamed)");
  }
  return fail_sink_errno(errno, "link " + directories_.absolute(key));
}

Status FileSink::replace(NewFile& file, int directory_fd, std::string_view key) {
  TM_TRY(root_.check());  // what is replaced elsewhere is lost there
  TM_TRY(name_in_staging(file));
  if (renameat(file.area->fd(), file.staged_name.c_str(), directory_fd, LastPart(key).c_str()) != 0) {
    return fail_sink_errno(errno, "replace " + directories_.absolute(key));
  }
  file.staged_name.clear();
  return {};
}

// Only a file with a name can replace another.
Status FileSink::name_in_staging(NewFile& file) {
  const StagingArea* broken = nullptr;
  for (int attempt = 1; file.staged_name.empty(); ++attempt) {
    TM_ASSIGN(const std::shared_ptr<StagingArea> area, staging_area(broken));
    std::string name = area->next_name();
    if (link_unnamed(file.fd.get(), area->fd(), name.c_str()) == 0) {
      file.area = area;
      file.staged_name = std::move(name);
      return {};
    }
    if (errno != ENOENT || attempt == kMaxAttempts)
      return fail_sink_errno(errno, "name a staging file in " + root_.path());
    broken = area.get();
  }
  assert(file.area != nullptr);
  return {};
}

// EXISTS has the meaning "safe already" to a caller who finds the same digest in it, so what is there must be
// durable: its writer may not have got to its last fsync yet.
Status FileSink::settle_existing(int directory_fd, std::string_view key) {
  const std::string path = directories_.absolute(key);
  const UniqueFd existing(
      openat(directory_fd, LastPart(key).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info;
  if (existing ? fstat(existing.get(), &info) != 0 || !S_ISREG(info.st_mode)
               : errno == ELOOP || errno == ENXIO) {
    return fail(TIDEMARK_E_PERMANENT,
                "put " + path + ": something that is not a regular file stands there; remove it");
  }
  if (!existing) return fail_sink_errno(errno, "open the existing " + path);
  TM_TRY(make_durable(existing.get(), key));
  TM_TRY(root_.check());
  return fail(TIDEMARK_E_EXISTS, path + " is there already");
}

// An object that someone else gave its name: the file, its directory's entry for it, and the levels above.
Status FileSink::make_durable(int fd, std::string_view key) {
  TM_ASSIGN(const UniqueFd directory, directories_.open_or_create(directory_of(key)));
  const SyncGroup::Directory watched = syncs_.watch(directory.get());
  if (fsync(fd) != 0) return fail_sink_errno(errno, "fsync the existing " + directories_.absolute(key));
  return sync_directory(watched, key);
}

Status FileSink::sync_directory(const SyncGroup::Directory& directory, std::string_view key) {
  const int sys_errno = syncs_.sync_directory(directory);
  if (sys_errno == 0) return {};
  return fail_sink_errno(sys_errno, "fsync the directory of " + directories_.absolute(key));
}

}  // namespace tidemark::sinks::file
