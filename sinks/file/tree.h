// The sink's directories as list_tree() wants them: each is read once for each 65,536 names, which are sorted
// in memory, about 16 bytes for each name besides the name itself. One listing, one thread.
#ifndef TIDEMARK_SINKS_FILE_TREE_H
#define TIDEMARK_SINKS_FILE_TREE_H

#include <memory>
#include <string_view>

#include "base/call.h"
#include "common/tree_list.h"
#include "file/directories.h"

namespace tidemark::sinks::file {

class FileTree : public Tree {
 public:
  static constexpr size_t kWindowNames = 64 * 1024;

  FileTree(const Directories& directories, const Call& call, size_t window_names = kWindowNames)
      : directories_(directories), call_(call), window_names_(window_names) {}
  Result<std::unique_ptr<TreeDirectory>> open(std::string_view path, const NameRange& range) override;
  Result<bool> may_open(std::string_view path) override;

 private:
  Result<UniqueFd> open_fd(std::string_view path) const;  // none: there is no such directory
  const Directories& directories_;
  const Call& call_;
  const size_t window_names_;
};

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_TREE_H
