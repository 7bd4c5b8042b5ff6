// Where files wait that need a name before they are whole: a StagingDirectory of the sink's root.
//
// [any-thread] for all but the destructor, which removes the directory.
#ifndef TIDEMARK_SINKS_FILE_STAGING_H
#define TIDEMARK_SINKS_FILE_STAGING_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/staging_directory.h"
#include "common/table.h"

namespace tidemark::sinks::file {

class StagingArea {
 public:
  static Result<std::shared_ptr<StagingArea>> create(int root_fd, const std::string& root_path);
  ~StagingArea();
  StagingArea(const StagingArea&) = delete;
  StagingArea& operator=(const StagingArea&) = delete;

  int fd() const { return directory_->fd(); }
  const std::string& name() const { return directory_->name(); }
  // A name that no other file of this area ever had.
  std::string next_name() { return std::to_string(counter_.fetch_add(1, std::memory_order_relaxed)); }

 private:
  explicit StagingArea(std::unique_ptr<StagingDirectory> directory) : directory_(std::move(directory)) {}

  const std::unique_ptr<StagingDirectory> directory_;
  std::atomic<uint64_t> counter_{1};
};

// Removes what dead instances left: directories on which nobody holds a lock or, where the file system has
// no locks, that nobody touched for a day. Problems are logged, they do not keep a sink from opening.
void sweep_leftovers(int root_fd, const std::string& root_path, const HostLog& log);

// Only logs them, one line each at INFO.
void report_leftovers(int root_fd, const std::string& root_path, const HostLog& log);

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_STAGING_H
