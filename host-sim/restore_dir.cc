#include "restore_dir.h"

#include <fcntl.h>

#include "fs.h"

namespace tidemark::host {

Result<std::unique_ptr<RestoreDir>> RestoreDir::create(const std::string& parent) {
  UniqueFd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot open the directory " + parent);
  Status swept;
  (void)for_each_dead_staging(fd.get(), 0, [&](const DeadStaging& dead) {
    if (swept) swept = remove_tree(parent + "/" + kStagingRoot + "/" + dead.name);
  });
  TM_TRY(swept);
  TM_ASSIGN(auto staging, StagingDirectory::create(fd.get(), parent, ErrnoOf::kEntry));
  return std::unique_ptr<RestoreDir>(new RestoreDir(std::move(fd), parent, std::move(staging)));
}

RestoreDir::~RestoreDir() {
  // What cannot be removed now is removed by the next one.
  if (staging_->is_there()) (void)remove_tree(path_);
}

}  // namespace tidemark::host
