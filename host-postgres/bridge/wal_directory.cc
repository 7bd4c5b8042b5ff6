#include "bridge/wal_directory.h"

#include <dirent.h>

#include <cerrno>
#include <memory>

namespace tidemark::postgres {

Status each_wal_file(const std::string& directory, std::string_view suffix, const Cluster& cluster,
                     const std::function<void(const WalFile&)>& visit) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  if (!open) return fail_errno(errno, directory);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr) break;
    std::string_view name = entry->d_name;
    if (!name.ends_with(suffix)) continue;
    name.remove_suffix(suffix.size());
    const auto file = parse_wal_name(name, cluster);
    if (file) visit(*file);
  }
  if (errno != 0) return fail_errno(errno, directory);
  return {};
}

}  // namespace tidemark::postgres
