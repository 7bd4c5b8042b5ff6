// Listing keys that are kept as a tree of directories, in byte order of the whole keys.
//
// Byte order of keys is not the order of names: a directory counts as its name with '/' after it, so
// "a-" comes before all of "a/...", and "a.b/..." between them. Any thread; everything is borrowed.
#ifndef TIDEMARK_SINKS_COMMON_TREE_LIST_H
#define TIDEMARK_SINKS_COMMON_TREE_LIST_H

#include <tidemark/sink.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/call.h"
#include "base/result.h"

namespace tidemark::sinks {

struct ObjectInfo {
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
  bool is_irregular = false;  // TIDEMARK_OBJECT_IRREGULAR
};

// Which names of one directory a listing needs. `shown` is a file's name, or a directory's with '/'.
struct NameRange {
  std::string_view prefix;
  std::string_view after;

  bool wants_file(std::string_view shown) const { return shown.starts_with(prefix) && shown > after; }
  bool wants_directory(std::string_view shown) const {
    return shown.starts_with(prefix) && (shown > after || after.starts_with(shown));
  }
};

// One directory while it is listed.
class TreeDirectory {
 public:
  struct Entry {
    std::string_view shown;  // valid until the next call of next()
    ObjectInfo object;       // of a file
    bool is_directory() const { return shown.ends_with('/'); }
  };

  virtual ~TreeDirectory() = default;
  // The next entry in byte order of `shown` that the range wants; false at the end.
  virtual Result<bool> next(Entry* out) = 0;
};

class Tree {
 public:
  virtual ~Tree() = default;
  // `path` is "" for the root and else ends in '/'. NULL: there is no such directory (any more).
  virtual Result<std::unique_ptr<TreeDirectory>> open(std::string_view path, const NameRange& range) = 0;
  // Whether open() would give a directory, without reading it.
  virtual Result<bool> may_open(std::string_view path) = 0;
};

// Receives keys; false stops the listing.
class Visitor {
 public:
  using Function = int32_t (*)(void* ctx, tidemark_str key, const tidemark_object*);
  Visitor(Function visit, void* ctx) : visit_(visit), ctx_(ctx) {}
  bool operator()(std::string_view key, const ObjectInfo& object) const;
  Function function() const { return visit_; }
  void* ctx() const { return ctx_; }

 private:
  Function visit_;
  void* ctx_;
};

// Visits keys > start_after that begin with prefix. Goes straight to the directory `prefix` lies in and
// skips directories that lie before start_after.
Status list_tree(Tree& tree, std::string_view prefix, std::string_view start_after, const Visitor& visit,
                 const Call& call);
// The same, but each directory below the one `prefix` lies in is visited itself, as its path with '/', and
// not read.
Status list_tree_level(Tree& tree, std::string_view prefix, std::string_view start_after,
                       const Visitor& visit, const Call& call);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_TREE_LIST_H
