// Opening: the root directory, and proof that it can be written.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "file/answer.h"
#include "file/config.h"
#include "file/file_sink.h"
#include "file/unnamed_file.h"

namespace tidemark::sinks::file {
namespace {

constexpr mode_t kRootMode = 0750;

// Opens the directory, creates the levels that are missing and makes each level's entry durable, also those
// that another process may have created a moment ago. A level above the archive that may not be read is no
// reason to fail if it was there before.
Result<UniqueFd> open_root(const std::string& path) {
  UniqueFd parent(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (size_t begin = 1; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    const std::string so_far = path.substr(0, end);
    const bool created = mkdirat(parent.get(), part.c_str(), kRootMode) == 0;
    const int mkdir_errno = errno;
    UniqueFd child(openat(parent.get(), part.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!child) {
      const bool missing = errno == ENOENT;
      return fail_sink_errno(missing ? mkdir_errno : errno,
                             (missing ? "create directory " : "open directory ") + so_far);
    }
    const UniqueFd readable(openat(parent.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if ((!readable || fsync(readable.get()) != 0) && created) {
      return fail_sink_errno(errno, "make directory " + so_far + " durable");
    }
    parent = std::move(child);
    begin = end + 1;
  }
  UniqueFd root(openat(parent.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail_sink_errno(errno, "open directory " + path);
  return root;
}

// To be read only.
Result<UniqueFd> open_existing_root(const std::string& path) {
  UniqueFd root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root) return root;
  const int sys_errno = errno;
  auto error = fail_sink_errno(sys_errno, "open directory " + path);
  if (sys_errno == ENOENT)
    error.message += "; is it mounted? it is not created, because the sink is opened for reading only";
  return error;
}

}  // namespace

FileSink::FileSink(UniqueFd root, std::string path, uint64_t put_buffer_bytes)
    : root_(std::move(root), std::move(path)),
      directories_(root_.fd(), root_.path()),
      buffers_(put_buffer_bytes) {}

Result<std::unique_ptr<FileSink>> FileSink::open(const OpenRequest& request, const Call& call) {
  TM_ASSIGN(Config config, parse_config(request.url, request.options, request.option_count));
  Result<UniqueFd> root = request.read_only ? open_existing_root(config.path) : open_root(config.path);
  if (!root) return request.read_only ? root.error() : not_absent(std::move(root.error()));
  TM_TRY(call.check());
  std::unique_ptr<FileSink> sink(
      new FileSink(std::move(*root), std::move(config.path), request.put_buffer_bytes));
  if (request.read_only) {
    report_leftovers(sink->root_.fd(), sink->root_.path(), request.log);
    return sink;
  }
  if (config.sync == "shared" || (config.sync == "auto" && shares_commits(sink->root_.fd())))
    sink->syncs_.share();
  sweep_leftovers(sink->root_.fd(), sink->root_.path(), request.log);
  if (Status ok = sink->probe(config.staging); !ok) return not_absent(std::move(ok.error()));
  TM_TRY(sink->root_.check());
  request.log.write(TIDEMARK_LOG_DEBUG,
                    "opened " + sink->root_.path() + (sink->unnamed_ ? " with unnamed" : " with named") +
                        " staging files" + (sink->shares_syncs() ? " and shared fsyncs" : ""));
  return sink;
}

// Goes the way of a put with one byte, all but giving it a visible name.
Status FileSink::probe(const std::string& staging) {
  TM_ASSIGN(const std::shared_ptr<StagingArea> area, staging_area());
  if (staging != "named") {
    const Status unnamed = probe_unnamed(*area);
    if (unnamed) {
      const MutexLock lock(staging_mutex_);
      staging_.reset();  // made again if a put has to replace something
      return {};
    }
    const bool out_of_order =
        unnamed.error().status >= TIDEMARK_E_RETRYABLE;  // named ones would fare no better
    if (staging == "unnamed" || out_of_order) return unnamed;
  }
  unnamed_ = false;
  return probe_named(*area);
}

Status FileSink::probe_unnamed(StagingArea& area) {
  const UniqueFd file(open_unnamed(root_.fd()));
  if (!file)
    return fail_sink_errno(
        errno, "create an unnamed file in " + root_.path() + " (staging=named needs no such files)");
  if (write(file.get(), "x", 1) != 1 || fsync(file.get()) != 0)
    return fail_sink_errno(errno, "write a file in " + root_.path());
  const std::string name = area.next_name();
  if (link_unnamed(file.get(), area.fd(), name.c_str()) != 0) {
    const char* const remedy = errno == ENOENT ? " (this needs /proc; staging=named does not)" : "";
    return fail_sink_errno(errno, "link an unnamed file in " + root_.path() + remedy);
  }
  unlinkat(area.fd(), name.c_str(), 0);
  return {};
}

Status FileSink::probe_named(StagingArea& area) {
  const std::string name = area.next_name(), linked = area.next_name();
  const UniqueFd file(openat(area.fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!file || write(file.get(), "x", 1) != 1 || fsync(file.get()) != 0) {
    return fail_sink_errno(errno, "write a file in " + root_.path());
  }
  if (linkat(area.fd(), name.c_str(), area.fd(), linked.c_str(), 0) != 0) {
    return fail_sink_errno(errno,
                           "link a file in " + root_.path() + " (the file system must know hard links)");
  }
  unlinkat(area.fd(), name.c_str(), 0);
  unlinkat(area.fd(), linked.c_str(), 0);
  return {};
}

Result<std::shared_ptr<StagingArea>> FileSink::staging_area(const StagingArea* broken) {
  const MutexLock lock(staging_mutex_);
  // One that was made before the root came back lies on a mount that may be gone.
  const uint64_t returns = root_.returns();
  if (staging_ && staging_.get() != broken && staging_returns_ == returns) return staging_;
  Result<std::shared_ptr<StagingArea>> area = StagingArea::create(root_.fd(), root_.path());
  if (area) {
    staging_ = *area;
    staging_returns_ = returns;
  }
  return area;
}

}  // namespace tidemark::sinks::file
