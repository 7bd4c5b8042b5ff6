#include "file/staging.h"

#include <unistd.h>

#include <cerrno>

#include "base/directory.h"

namespace tidemark::sinks::file {
namespace {

constexpr int64_t kOldAgeSeconds = 24 * 60 * 60;

// Returns how many files went.
int empty_area(int fd) {
  int removed = 0;
  const Directory directory = list_directory(fd);
  while (const dirent* entry = directory ? readdir(directory.get()) : nullptr) {
    if (!is_dots(entry->d_name) && unlinkat(fd, entry->d_name, 0) == 0) ++removed;
  }
  return removed;
}

void warn_unless_swept(int sys_errno, const std::string& root_path, const HostLog& log) {
  if (sys_errno == 0) return;
  const std::string where = root_path + "/" + kStagingRoot;
  log.write(TIDEMARK_LOG_WARN, fail_sink_errno(sys_errno, "sweep " + where).message);
}

}  // namespace

Result<std::shared_ptr<StagingArea>> StagingArea::create(int root_fd, const std::string& root_path) {
  TM_ASSIGN(auto directory, StagingDirectory::create(root_fd, root_path, ErrnoOf::kSink));
  return std::shared_ptr<StagingArea>(new StagingArea(std::move(directory)));
}

StagingArea::~StagingArea() {
  if (directory_->is_there()) empty_area(directory_->fd());
}

void sweep_leftovers(int root_fd, const std::string& root_path, const HostLog& log) {
  const int problem = for_each_dead_staging(root_fd, kOldAgeSeconds, [&](const DeadStaging& dead) {
    const std::string area = root_path + "/" + kStagingRoot + "/" + dead.name;
    const int removed = empty_area(dead.fd);
    if (unlinkat(dead.root_fd, dead.name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
      log.write(TIDEMARK_LOG_WARN, "cannot remove all leftovers in " + area);
    } else {
      log.write(TIDEMARK_LOG_INFO,
                "removed " + std::to_string(removed) + " unfinished files of a dead instance: " + area);
    }
  });
  warn_unless_swept(problem, root_path, log);
  unlinkat(root_fd, kStagingRoot, AT_REMOVEDIR);
}

void report_leftovers(int root_fd, const std::string& root_path, const HostLog& log) {
  const int problem = for_each_dead_staging(root_fd, kOldAgeSeconds, [&](const DeadStaging& dead) {
    const std::string area = root_path + "/" + kStagingRoot + "/" + dead.name;
    const Directory directory = list_directory(dead.fd);
    while (const dirent* entry = directory ? readdir(directory.get()) : nullptr) {
      if (is_dots(entry->d_name)) continue;
      log.write(TIDEMARK_LOG_INFO, "unfinished file of a dead instance: " + area + "/" + entry->d_name);
    }
  });
  warn_unless_swept(problem, root_path, log);
}

}  // namespace tidemark::sinks::file
