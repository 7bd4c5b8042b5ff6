#include "tree/staging_area.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "base/remove_tree.h"

namespace tidemark::tree {

Result<std::unique_ptr<StagingArea>> StagingArea::create(std::string_view directory) {
  std::string path(directory);
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, path);
  TM_ASSIGN(auto staging, StagingDirectory::create(fd.get(), path, ErrnoOf::kEntry));
  // What cannot be removed now is met again by the next area; where there are no locks nothing is known to be
  // dead. This one's lock may have failed, and is not held then.
  (void)for_each_dead_staging(fd.get(), 0, [&](const DeadStaging& dead) {
    if (dead.name != staging->name()) remove_tree(dead.root_fd, dead.name);
  });
  return std::unique_ptr<StagingArea>(new StagingArea(std::move(fd), std::move(path), std::move(staging)));
}

StagingArea::~StagingArea() {
  const UniqueFd root(
      openat(directory_.get(), kStagingRoot, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (root && staging_->is_there()) remove_tree(root.get(), staging_->name().c_str());
}

}  // namespace tidemark::tree
