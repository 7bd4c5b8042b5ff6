// Names of members within an entry: what they may be, and their order. Pure; any thread.
#ifndef TIDEMARK_TREE_MEMBER_PATH_H
#define TIDEMARK_TREE_MEMBER_PATH_H

#include <string_view>

namespace tidemark::tree {

// Whether `path` comes after `previous` in archive order: compared name by name, in byte order.
bool comes_after(std::string_view path, std::string_view previous);

// What is wrong with a path relative to its entry ("has '.' or '..' in its path"), or nullptr.
const char* path_problem(std::string_view path);

// The path without its last name; empty if it has one name only.
std::string_view parent_path(std::string_view path);

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_MEMBER_PATH_H
