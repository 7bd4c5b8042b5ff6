#include "tree/member_path.h"

#include <algorithm>

namespace tidemark::tree {
namespace {

const char* name_problem(std::string_view name) {
  if (name.empty()) return "has an empty name in its path";
  if (name == "." || name == "..") return "has '.' or '..' in its path";
  if (name.find('\0') != std::string_view::npos) return "has a NUL in its path";
  return nullptr;
}

}  // namespace

bool comes_after(std::string_view path, std::string_view previous) {
  size_t i = 0;
  while (i < path.size() && i < previous.size() && path[i] == previous[i]) ++i;
  if (i == path.size()) return false;
  if (i == previous.size()) return true;
  if (previous[i] == '/') return true;  // previous lies below a shorter name
  if (path[i] == '/') return false;
  return static_cast<unsigned char>(path[i]) > static_cast<unsigned char>(previous[i]);
}

const char* path_problem(std::string_view path) {
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (const char* problem = name_problem(path.substr(at, end - at))) return problem;
    at = end + 1;
  }
  return nullptr;
}

std::string_view parent_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace tidemark::tree
