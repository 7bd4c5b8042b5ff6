// A directory for restored entries that removes itself: a StagingDirectory of `parent`.
#ifndef TIDEMARK_HOST_SIM_RESTORE_DIR_H
#define TIDEMARK_HOST_SIM_RESTORE_DIR_H

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "base/staging_directory.h"

namespace tidemark::host {

class RestoreDir {
 public:
  // Below `parent`, which exists.
  static Result<std::unique_ptr<RestoreDir>> create(const std::string& parent);
  ~RestoreDir();
  RestoreDir(const RestoreDir&) = delete;
  RestoreDir& operator=(const RestoreDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  RestoreDir(UniqueFd parent_fd, const std::string& parent, std::unique_ptr<StagingDirectory> staging)
      : parent_fd_(std::move(parent_fd)),
        staging_(std::move(staging)),
        path_(parent + "/" + kStagingRoot + "/" + staging_->name()) {}

  const UniqueFd parent_fd_;
  const std::unique_ptr<StagingDirectory> staging_;
  const std::string path_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_RESTORE_DIR_H
