// A directory for restored entries that removes itself. One that a killed process left behind is removed by
// the next: a living one holds a lock on its directory.
#ifndef TIDEMARK_HOST_SIM_RESTORE_DIR_H
#define TIDEMARK_HOST_SIM_RESTORE_DIR_H

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"

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
  RestoreDir(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  const std::string path_;
  const UniqueFd lock_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_RESTORE_DIR_H
