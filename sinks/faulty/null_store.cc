#include "faulty/null_store.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <vector>

#include "base/line.h"

namespace tidemark::sinks::faulty {
namespace {

constexpr size_t kPageSize = 512;

// "a/b/c" into "a/b/" and "c"; a directory's path is "" or ends in '/'.
std::string_view directory_of(std::string_view key) { return key.substr(0, key.rfind('/') + 1); }

}  // namespace

struct NullStore::Object {
  uint64_t size_bytes;
  int64_t modified_us;
  uint16_t name_size;
  uint16_t tail_size;  // without the NULs at the end
  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_size}; }
  std::string_view tail() const { return {reinterpret_cast<const char*>(this + 1) + name_size, tail_size}; }
  ObjectInfo info() const { return {size_bytes, modified_us}; }
};

bool NullStore::ByName::operator()(const ObjectPtr& a, const ObjectPtr& b) const {
  return a->name() < b->name();
}
bool NullStore::ByName::operator()(const ObjectPtr& a, std::string_view b) const { return a->name() < b; }
bool NullStore::ByName::operator()(std::string_view a, const ObjectPtr& b) const { return a < b->name(); }

NullStore::ObjectPtr NullStore::make_object(std::string_view name, const ObjectInfo& info,
                                            std::string_view tail) {
  while (tail.ends_with('\0')) tail.remove_suffix(1);
  assert(name.size() <= TIDEMARK_KEY_MAX && tail.size() <= kTailSize);
  void* memory = ::operator new(sizeof(Object) + name.size() + tail.size());
  ObjectPtr object(new (memory) Object{info.size_bytes, info.modified_us, static_cast<uint16_t>(name.size()),
                                       static_cast<uint16_t>(tail.size())});
  char* text = reinterpret_cast<char*>(object.get() + 1);
  name.copy(text, name.size());
  tail.copy(text + name.size(), tail.size());
  return object;
}

NullStore::Directory* NullStore::find_directory(Shard& shard, std::string_view path) {
  const auto found = shard.directories.find(path);
  return found == shard.directories.end() ? nullptr : &found->second;
}

Status NullStore::put(std::string_view key, const ObjectInfo& info, std::string_view tail, bool if_absent) {
  const std::string_view path = directory_of(key);
  ObjectPtr object = make_object(key.substr(path.size()), info, tail);
  Shard& shard = shard_of(path);
  {
    const MutexLock lock(shard.mutex);
    if (Directory* directory = find_directory(shard, path)) {
      return put_in(*directory, std::move(object), if_absent);
    }
  }
  // The levels above come first, so that a directory never exists without being listed.
  TM_TRY(list_in_parents(path));
  const MutexLock lock(shard.mutex);
  return put_in(make_directory(shard, path), std::move(object), if_absent);
}

// The caller holds the lock of the directory's shard.
Status NullStore::put_in(Directory& directory, ObjectPtr object, bool if_absent) {
  auto& objects = directory.objects;
  // Keys mostly come in order.
  const bool at_end = objects.empty() || (*objects.rbegin())->name() < object->name();
  const auto at = at_end ? objects.end() : objects.lower_bound(object->name());
  if (at != objects.end() && (*at)->name() == object->name()) {
    if (if_absent) return fail(TIDEMARK_E_EXISTS, "object " + quote(object->name()) + " is there already");
    objects.insert(objects.erase(at), std::move(object));
    return {};
  }
  if (objects_.fetch_add(1, std::memory_order_relaxed) >= max_objects_) {
    objects_.fetch_sub(1, std::memory_order_relaxed);
    return fail(TIDEMARK_E_NO_SPACE, "the null sink holds its max_objects=" + std::to_string(max_objects_) +
                                         " already; raise that option");
  }
  objects.insert(at, std::move(object));
  return {};
}

void NullStore::Directory::sort_children() {
  if (is_sorted) return;
  std::sort(children.begin(), children.end());
  children.erase(std::unique(children.begin(), children.end()), children.end());
  is_sorted = true;
}

NullStore::Directory& NullStore::make_directory(Shard& shard, std::string_view path) {
  const auto [entry, created] = shard.directories.try_emplace(std::string(path));
  if (created) directories_.fetch_add(1, std::memory_order_relaxed);
  return entry->second;
}

Status NullStore::list_in_parents(std::string_view path) {
  // Never removed again, so they need a bound of their own.
  if (directories_.load(std::memory_order_relaxed) > max_objects_ + TIDEMARK_KEY_MAX) {
    return fail(TIDEMARK_E_NO_SPACE, "the null sink has seen more directories than max_objects=" +
                                         std::to_string(max_objects_) + "; raise that option");
  }
  std::string_view parent;
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    Shard& shard = shard_of(parent);
    const MutexLock lock(shard.mutex);
    Directory* directory = find_directory(shard, parent);
    if (directory == nullptr) directory = &make_directory(shard, parent);
    const std::string_view child = path.substr(parent.size(), slash + 1 - parent.size());
    if (directory->children.empty() || directory->children.back() != child) {
      directory->children.emplace_back(child);
      directory->is_sorted = false;
    }
    parent = path.substr(0, slash + 1);
  }
  return {};
}

bool NullStore::find(std::string_view key, ObjectInfo* info, Tail* tail) {
  const std::string_view path = directory_of(key);
  Shard& shard = shard_of(path);
  const MutexLock lock(shard.mutex);
  Directory* directory = find_directory(shard, path);
  if (directory == nullptr) return false;
  const auto found = directory->objects.find(key.substr(path.size()));
  if (found == directory->objects.end()) return false;
  *info = (*found)->info();
  if (tail != nullptr) {
    tail->size = std::min<uint64_t>(info->size_bytes, kTailSize);
    const std::string_view kept = (*found)->tail();
    kept.copy(tail->bytes.data(), kept.size());
    std::fill(tail->bytes.begin() + static_cast<ptrdiff_t>(kept.size()),
              tail->bytes.begin() + static_cast<ptrdiff_t>(tail->size), '\0');
  }
  return true;
}

void NullStore::remove(std::string_view key) {
  const std::string_view path = directory_of(key);
  Shard& shard = shard_of(path);
  const MutexLock lock(shard.mutex);
  Directory* directory = find_directory(shard, path);
  if (directory == nullptr) return;
  const auto found = directory->objects.find(key.substr(path.size()));
  if (found == directory->objects.end()) return;
  directory->objects.erase(found);
  [[maybe_unused]] const uint64_t before = objects_.fetch_sub(1, std::memory_order_relaxed);
  assert(before > 0);
}

// Reads a directory page by page, so that a listing that stops early costs little and no lock is held while
// the visitor works.
class NullDirectory : public TreeDirectory {
 public:
  NullDirectory(NullStore& store, std::string_view path, const NameRange& range)
      : store_(store), path_(path), prefix_(range.prefix), first_after_(range.after) {}

  Result<bool> next(Entry* out) override {
    if (position_ == page_.size()) {
      if (done_) return false;
      load();
      if (page_.empty()) return false;
    }
    const Item& item = page_[position_++];
    *out = {item.shown, item.info};
    return true;
  }

 private:
  struct Item {
    std::string shown;
    ObjectInfo info;
  };

  void load() {
    // `page_` still holds the name to continue after.
    const bool first = page_.empty();
    const std::string last = first ? std::string() : page_.back().shown;
    const std::string_view after = first ? first_after_ : std::string_view(last);
    page_.clear();
    position_ = 0;
    NullStore::Shard& shard = store_.shard_of(path_);
    const MutexLock lock(shard.mutex);
    NullStore::Directory* directory = store_.find_directory(shard, path_);
    if (directory == nullptr) {
      done_ = true;
      return;
    }
    // In the first page `after` may point into a child, which is then wanted itself.
    const std::string_view into = first ? after.substr(0, after.find('/') + 1) : std::string_view();
    auto object = std::max(after, prefix_) == after ? directory->objects.upper_bound(after)
                                                    : directory->objects.lower_bound(prefix_);
    directory->sort_children();
    const auto begin = directory->children.begin(), end = directory->children.end();
    auto child = !into.empty() && into >= prefix_ ? std::lower_bound(begin, end, into)
                 : after >= prefix_               ? std::upper_bound(begin, end, after)
                                                  : std::lower_bound(begin, end, prefix_);
    const auto object_left = [&] {
      return object != directory->objects.end() && (*object)->name().starts_with(prefix_);
    };
    const auto child_left = [&] { return child != end && child->starts_with(prefix_); };
    while (page_.size() < kPageSize && (object_left() || child_left())) {
      if (!child_left() || (object_left() && (*object)->name() < *child)) {
        page_.push_back({std::string((*object)->name()), (*object)->info()});
        ++object;
      } else {
        page_.push_back({*child, {}});
        ++child;
      }
    }
    done_ = page_.size() < kPageSize;
  }

  NullStore& store_;
  const std::string path_;
  const std::string_view prefix_, first_after_;  // the caller's, for the whole listing
  std::vector<Item> page_;
  size_t position_ = 0;
  bool done_ = false;
};

Result<std::unique_ptr<TreeDirectory>> NullStore::open(std::string_view path, const NameRange& range) {
  return std::unique_ptr<TreeDirectory>(new NullDirectory(*this, path, range));
}

}  // namespace tidemark::sinks::faulty
