// Where entries are built before they become visible: a StagingDirectory of the directory that is restored
// to.
//
// One thread at a time; any number of areas side by side, also in one process.
#ifndef TIDEMARK_TREE_STAGING_AREA_H
#define TIDEMARK_TREE_STAGING_AREA_H

#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "base/staging_directory.h"

namespace tidemark::tree {

class StagingArea {
 public:
  // `directory` exists. Removes what dead processes left there first, as far as it can.
  static Result<std::unique_ptr<StagingArea>> create(std::string_view directory);
  ~StagingArea();  // removes the area with what is left in it
  StagingArea(const StagingArea&) = delete;
  StagingArea& operator=(const StagingArea&) = delete;

  int fd() const { return staging_->fd(); }
  int directory_fd() const { return directory_.get(); }

 private:
  StagingArea(UniqueFd directory, std::string path, std::unique_ptr<StagingDirectory> staging)
      : directory_(std::move(directory)), path_(std::move(path)), staging_(std::move(staging)) {}

  const UniqueFd directory_;
  const std::string path_;
  const std::unique_ptr<StagingDirectory> staging_;
};

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_STAGING_AREA_H
