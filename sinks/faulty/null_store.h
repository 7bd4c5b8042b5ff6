// What the null sink remembers: of each object the key, the size, the time and the last 512 bytes without
// the NULs at their end. Nothing of the rest.
//
// Any thread. Directories are spread over shards by their path, each shard with its lock, so puts into
// different partitions hardly meet. About 250 bytes an object with a Tidemark footer.
#ifndef TIDEMARK_SINKS_FAULTY_NULL_STORE_H
#define TIDEMARK_SINKS_FAULTY_NULL_STORE_H

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "common/tree_list.h"

namespace tidemark::sinks::faulty {

inline constexpr size_t kTailSize = 512;

// The last min(size, 512) bytes of an object.
struct Tail {
  std::array<char, kTailSize> bytes;
  size_t size = 0;
};

class NullStore : public Tree {
 public:
  explicit NullStore(uint64_t max_objects) : max_objects_(max_objects) {}

  Status put(std::string_view key, const ObjectInfo& info, std::string_view tail, bool if_absent);
  // False: no such object. `tail` may be NULL.
  bool find(std::string_view key, ObjectInfo* info, Tail* tail);
  void remove(std::string_view key);
  Result<std::unique_ptr<TreeDirectory>> open(std::string_view path, const NameRange& range) override;
  Result<bool> may_open(std::string_view) override { return true; }  // what is a child was made

 private:
  friend class NullDirectory;

  struct Free {
    void operator()(void* memory) const { ::operator delete(memory); }
  };
  struct Object;  // one block: header, name, tail
  using ObjectPtr = std::unique_ptr<Object, Free>;
  struct ByName {
    using is_transparent = void;
    bool operator()(const ObjectPtr& a, const ObjectPtr& b) const;
    bool operator()(const ObjectPtr& a, std::string_view b) const;
    bool operator()(std::string_view a, const ObjectPtr& b) const;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Directory {
    std::set<ObjectPtr, ByName> objects;
    // Names with '/'. Added at the end, perhaps twice; put in order when somebody lists them.
    std::vector<std::string> children;
    bool is_sorted = true;
    void sort_children();
  };
  struct alignas(64) Shard {
    Mutex mutex;
    std::unordered_map<std::string, Directory, Hash, std::equal_to<>> directories TM_GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 256;

  static ObjectPtr make_object(std::string_view name, const ObjectInfo& info, std::string_view tail);
  Shard& shard_of(std::string_view path) { return shards_[Hash()(path) % kShards]; }
  Directory* find_directory(Shard& shard, std::string_view path) TM_REQUIRES(shard.mutex);
  Status put_in(Directory& directory, ObjectPtr object, bool if_absent);
  Directory& make_directory(Shard& shard, std::string_view path) TM_REQUIRES(shard.mutex);
  Status list_in_parents(std::string_view path);

  const uint64_t max_objects_;
  std::atomic<uint64_t> objects_{0};
  std::atomic<uint64_t> directories_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace tidemark::sinks::faulty

#endif  // TIDEMARK_SINKS_FAULTY_NULL_STORE_H
