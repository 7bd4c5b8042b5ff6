// Removes a name in a directory, whatever it is, with everything below it; follows no symlink. Any thread.
#ifndef TIDEMARK_COMMON_BASE_REMOVE_TREE_H
#define TIDEMARK_COMMON_BASE_REMOVE_TREE_H

#include "base/dir_stack.h"

namespace tidemark {

// 0 or an errno; never throws. Memory is needed only for levels that `stack` has not held before.
int remove_tree(int directory_fd, const char* name, DirStack& stack);
int remove_tree(int directory_fd, const char* name);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_REMOVE_TREE_H
