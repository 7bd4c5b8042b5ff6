// Where a log entry lies on disk. A value; any thread.
#ifndef TIDEMARK_TREE_ENTRY_PATH_H
#define TIDEMARK_TREE_ENTRY_PATH_H

#include <string_view>

#include "format/types.h"

namespace tidemark::tree {

struct EntryPath {
  Lsn lsn = kNoLsn;
  std::string_view path;  // a regular file or a directory; borrowed
};

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_ENTRY_PATH_H
