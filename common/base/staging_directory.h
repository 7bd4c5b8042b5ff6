// A private directory for what is not whole yet: <parent>/.tidemark/<process>-<random>/.
//
// Each holds flock on its own directory for as long as it exists, so that a later one can see which of them a
// killed process left. Any number side by side, also in one process; any thread.
#ifndef TIDEMARK_COMMON_BASE_STAGING_DIRECTORY_H
#define TIDEMARK_COMMON_BASE_STAGING_DIRECTORY_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tidemark {

inline constexpr const char* kStagingRoot = ".tidemark";

class StagingDirectory {
 public:
  // `parent_fd` is open for as long as the directory exists; `whose` says by which view errnos are
  // classified.
  static Result<std::unique_ptr<StagingDirectory>> create(int parent_fd, const std::string& parent_path,
                                                          ErrnoOf whose);
  ~StagingDirectory();  // removes it; the owner must have emptied it
  StagingDirectory(const StagingDirectory&) = delete;
  StagingDirectory& operator=(const StagingDirectory&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }
  // Does the name still lead to it?
  bool is_there() const;

 private:
  StagingDirectory(int parent_fd, std::string name, UniqueFd fd);

  const int parent_fd_;
  const std::string name_;
  const UniqueFd fd_;
};

struct DeadStaging {
  int root_fd;  // of <parent>/.tidemark
  const char* name;
  int fd;  // open and locked
};
// Calls `found` for each that is dead: nobody holds its lock or, if the file system has no locks, nobody
// touched it for `unlocked_age_s`; 0: then none counts as dead. Returns an errno if what is there could not
// be read, else 0. No .tidemark: none is dead.
int for_each_dead_staging(int parent_fd, int64_t unlocked_age_s,
                          const std::function<void(const DeadStaging&)>& found);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_STAGING_DIRECTORY_H
