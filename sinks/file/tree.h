// The archive's directories as list_tree() wants them: each read once, sorted in memory, about 16 bytes a
// name beside the name itself. One listing, one thread.
#ifndef TIDEMARK_SINKS_FILE_TREE_H
#define TIDEMARK_SINKS_FILE_TREE_H

#include <memory>
#include <string_view>

#include "common/call.h"
#include "common/tree_list.h"
#include "file/directories.h"

namespace tidemark::sinks::file {

class FileTree : public Tree {
 public:
  FileTree(const Directories& directories, const Call& call) : directories_(directories), call_(call) {}
  Result<std::unique_ptr<TreeDirectory>> open(std::string_view path, const NameRange& range) override;

 private:
  const Directories& directories_;
  const Call& call_;
};

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_TREE_H
