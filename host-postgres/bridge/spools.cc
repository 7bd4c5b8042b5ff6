#include "bridge/spools.h"

#include <filesystem>
#include <system_error>

namespace tidemark::postgres {

std::string spool_parent(const std::string& wal_directory) {
  std::error_code problem;
  const auto real = std::filesystem::canonical(wal_directory, problem);
  return problem ? "" : real.parent_path().string();
}

size_t remove_spools(const std::string& parent) {
  size_t removed = 0;
  std::error_code problem;
  for (std::filesystem::directory_iterator at(parent, problem), end; !problem && at != end;
       at.increment(problem)) {
    std::error_code failed;
    if (!at->path().filename().string().starts_with(kSpoolPrefix)) continue;
    std::filesystem::remove_all(at->path(), failed);
    removed += failed ? 0 : 1;
  }
  return removed;
}

}  // namespace tidemark::postgres
