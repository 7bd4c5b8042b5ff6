#include "common/tree_list.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <vector>

#include "common/key.h"

namespace tidemark::sinks {
namespace {

struct Level {
  size_t path_size;
  std::unique_ptr<TreeDirectory> directory;
};

// Can keys lie in this directory at all? A prefix is any text.
bool is_directory_path(std::string_view path) {
  if (path.empty()) return true;
  return path.size() < TIDEMARK_KEY_MAX && check_key(path.substr(0, path.size() - 1)).has_value();
}

// The part of start_after that concerns the directory `path`; false if all of it lies before.
bool range_after(std::string_view path, std::string_view start_after, std::string_view* after) {
  *after = {};
  if (start_after.starts_with(path)) {
    *after = start_after.substr(path.size());
    return true;
  }
  return start_after < path;
}

}  // namespace

bool Visitor::operator()(std::string_view key, const ObjectInfo& object) const {
  const uint32_t flags = object.is_irregular ? TIDEMARK_OBJECT_IRREGULAR : 0;
  const tidemark_object out = {sizeof out, flags, object.size_bytes, object.modified_us};
  return visit_(ctx_, abi_str(key), &out) == 0;
}

Status list_tree(Tree& tree, std::string_view prefix, std::string_view start_after, const Visitor& visit,
                 const Call& call) {
  const size_t slash = prefix.rfind('/');
  std::string path(prefix.substr(0, slash == std::string_view::npos ? 0 : slash + 1));
  if (!is_directory_path(path)) return {};  // no key begins like that

  std::vector<Level> levels;
  const auto descend = [&](std::string_view name_prefix) -> Status {
    NameRange range = {name_prefix, {}};
    if (!range_after(path, start_after, &range.after)) return {};
    TM_ASSIGN(std::unique_ptr<TreeDirectory> directory, tree.open(path, range));
    if (directory) levels.push_back({path.size(), std::move(directory)});
    return {};
  };
  TM_TRY(descend(prefix.substr(path.size())));
  while (!levels.empty()) {
    TM_TRY(call.check());
    assert(levels.back().path_size <= path.size());  // each lies within the one above
    path.resize(levels.back().path_size);
    TreeDirectory::Entry entry;
    TM_ASSIGN(bool more, levels.back().directory->next(&entry));
    if (!more) {
      levels.pop_back();
      continue;
    }
    if (path.size() + entry.shown.size() > TIDEMARK_KEY_MAX) continue;  // not made by any sink
    path += entry.shown;
    if (entry.is_directory()) {
      const Status down = descend({});
      if (down) continue;
      // The trouble of one directory alone does not keep the others from being listed; it is not passed over
      // either.
      if (down.error().status != TIDEMARK_E_PERMANENT) return down;
      path += '.';
      ObjectInfo itself;
      itself.is_irregular = true;
      if (path.size() <= TIDEMARK_KEY_MAX && path > start_after && !visit(path, itself)) return {};
    } else if (!visit(path, entry.object)) {
      return {};
    }
  }
  return {};
}

}  // namespace tidemark::sinks
