// Where entries are built before they become visible: <directory>/.tidemark/<process>-<random>/.
//
// Each area holds flock on its own directory for as long as it lives, so that a later one can tell what a
// killed process left behind. One thread at a time; any number of areas side by side, also in one process.
#ifndef TIDEMARK_TAR_STAGING_AREA_H
#define TIDEMARK_TAR_STAGING_AREA_H

#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace tidemark::tar {

class StagingArea {
 public:
  // `directory` exists. Removes what dead processes left there first, as far as it can.
  static Result<std::unique_ptr<StagingArea>> create(std::string_view directory);
  ~StagingArea();  // removes the area with what is left in it
  StagingArea(const StagingArea&) = delete;
  StagingArea& operator=(const StagingArea&) = delete;

  int fd() const { return fd_.get(); }
  int directory_fd() const { return directory_.get(); }
  const std::string& directory_path() const { return path_; }

 private:
  StagingArea(UniqueFd directory, std::string path)
      : directory_(std::move(directory)), path_(std::move(path)) {}
  Status make();
  void sweep() const;

  UniqueFd directory_;
  std::string path_;
  UniqueFd staging_;  // <directory>/.tidemark
  std::string name_;
  UniqueFd fd_;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_STAGING_AREA_H
