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

class Listing {
 public:
  Listing(Tree& tree, std::string_view prefix, std::string_view start_after, const Visitor& visit,
          const Call& call)
      : tree_(tree),
        prefix_(prefix),
        start_after_(start_after),
        visit_(visit),
        call_(call),
        path_(prefix.substr(0, prefix.rfind('/') + 1)) {}

  Status run() {
    TM_TRY(begin());
    while (!levels_.empty()) {
      TreeDirectory::Entry entry;
      TM_ASSIGN(const bool more, next(&entry));
      if (!more) continue;
      if (!entry.is_directory()) {
        if (!visit_(path_, entry.object)) return {};
        continue;
      }
      const Status down = descend({});
      if (down) continue;
      TM_ASSIGN(const bool goes_on, tell_unreadable(down.error()));
      if (!goes_on) return {};
    }
    return {};
  }

  Status run_level() {
    TM_TRY(begin());
    while (!levels_.empty()) {
      TreeDirectory::Entry entry;
      TM_ASSIGN(const bool more, next(&entry));
      if (!more) continue;
      if (entry.is_directory()) {
        const Result<bool> is_there = tree_.may_open(path_);
        if (!is_there) {
          TM_ASSIGN(const bool goes_on, tell_unreadable(is_there.error()));
          if (!goes_on) return {};
          continue;
        }
        if (!*is_there || path_ <= start_after_) continue;  // start_after may lie in it
      }
      if (!visit_(path_, entry.object)) return {};
    }
    return {};
  }

 private:
  // The directory that the prefix lies in.
  Status begin() {
    if (!is_directory_path(path_)) return {};  // no key begins like that
    return descend(prefix_.substr(path_.size()));
  }

  Status descend(std::string_view name_prefix) {
    NameRange range = {name_prefix, {}};
    if (!range_after(path_, start_after_, &range.after)) return {};
    TM_ASSIGN(std::unique_ptr<TreeDirectory> directory, tree_.open(path_, range));
    if (directory) levels_.push_back({path_.size(), std::move(directory)});
    return {};
  }

  // The next entry of the deepest level, with its path in path_. False: there is none, or none to look at.
  Result<bool> next(TreeDirectory::Entry* entry) {
    TM_TRY(call_.check());
    assert(levels_.back().path_size <= path_.size());  // each lies within the one above
    path_.resize(levels_.back().path_size);
    TM_ASSIGN(const bool more, levels_.back().directory->next(entry));
    if (!more) {
      levels_.pop_back();
      return false;
    }
    if (path_.size() + entry->shown.size() > TIDEMARK_KEY_MAX) return false;  // not made by any sink
    path_ += entry->shown;
    return true;
  }

  // The trouble of one directory alone does not keep the others from being listed; it is not passed over
  // either. False: the visitor has seen enough.
  Result<bool> tell_unreadable(const Error& error) {
    if (error.status != TIDEMARK_E_PERMANENT) return error;
    path_ += '.';
    ObjectInfo itself;
    itself.is_irregular = true;
    return path_.size() > TIDEMARK_KEY_MAX || path_ <= start_after_ || visit_(path_, itself);
  }

  Tree& tree_;
  const std::string_view prefix_, start_after_;
  const Visitor& visit_;
  const Call& call_;
  std::string path_;
  std::vector<Level> levels_;
};

}  // namespace

bool Visitor::operator()(std::string_view key, const ObjectInfo& object) const {
  const uint32_t flags = object.is_irregular ? TIDEMARK_OBJECT_IRREGULAR : 0;
  const tidemark_object out = {sizeof out, flags, object.size_bytes, object.modified_us};
  return visit_(ctx_, abi_str(key), &out) == 0;
}

Status list_tree(Tree& tree, std::string_view prefix, std::string_view start_after, const Visitor& visit,
                 const Call& call) {
  return Listing(tree, prefix, start_after, visit, call).run();
}

Status list_tree_level(Tree& tree, std::string_view prefix, std::string_view start_after,
                       const Visitor& visit, const Call& call) {
  return Listing(tree, prefix, start_after, visit, call).run_level();
}

}  // namespace tidemark::sinks
