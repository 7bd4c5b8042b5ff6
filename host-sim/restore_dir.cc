#include "restore_dir.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include "fs.h"

namespace tidemark::host {

namespace {

constexpr char kPrefix[] = ".host-sim-verify-";

UniqueFd lock_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

}  // namespace

Result<std::unique_ptr<RestoreDir>> RestoreDir::create(const std::string& parent) {
  auto names = list_names(parent);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (name.rfind(kPrefix, 0) != 0) continue;
    const UniqueFd abandoned = lock_directory(parent + "/" + name);
    if (!abandoned) continue;
    if (auto removed = remove_tree(parent + "/" + name); !removed) return removed.error();
  }
  std::string path = parent + "/" + kPrefix + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return fail_errno(errno, "cannot create a directory in " + parent);
  UniqueFd lock = lock_directory(path);
  if (!lock) return fail_errno(errno, "cannot lock " + path);
  return std::unique_ptr<RestoreDir>(new RestoreDir(path, std::move(lock)));
}

RestoreDir::~RestoreDir() {
  // What cannot be removed now is removed by the next one.
  (void)static_cast<bool>(remove_tree(path_));
}

}  // namespace tidemark::host
