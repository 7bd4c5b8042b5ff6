// The names in the directories from a tree's root down to the one at work, each directory's in byte order.
//
// One thread at a time; made once and reused. Either all names are held, as far as the budget goes; or, with
// set_most_bytes(), of a large directory only the next few, and when they are used up it is read again. Names
// of directories further up are dropped when those further down need the room.
#ifndef TIDEMARK_TREE_DIRECTORY_NAMES_H
#define TIDEMARK_TREE_DIRECTORY_NAMES_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tree/reserved_array.h"

namespace tidemark::tree {

class DirectoryNames {
 public:
  struct Name {
    const char* text = nullptr;  // NUL-terminated; nullptr: there are no more
    size_t size = 0;
    uint8_t type = 0;  // DT_*
  };
  // What push() and next() return instead of an errno when the budget is spent.
  static constexpr int kFull = -1;
  static constexpr size_t kMostBytesMin = 8 << 10;

  explicit DirectoryNames(ByteBudget& budget);
  // As mmap fails.
  bool reserve() { return names_.reserve() && items_.reserve(); }
  void trim();
  void clear();
  // Of all directories together, at least kMostBytesMin; 0: no limit but the budget. Only while it is empty.
  void set_most_bytes(size_t most_bytes) { most_bytes_ = most_bytes; }

  // Goes into a directory, whose names come from `from` on. 0, an errno or kFull.
  int push(int fd, std::string_view from);
  void pop();
  // The next name of the innermost directory, open as `fd`; `last` is the one before, empty for none.
  int next(int fd, std::string_view last, Name* name);

 private:
  struct Item {
    uint32_t name;  // offset in names_, NUL-terminated
    uint16_t size;
    uint8_t type;
  };
  struct Level {
    size_t first_item;
    size_t first_name;
    size_t next_item;
    bool more;  // names after those that are held
  };
  enum class From : uint8_t { kIt, kBehindIt };

  int list(int fd, std::string_view bound, From from);
  bool add(std::string_view name, uint8_t type);
  void make_room();
  void keep_smaller_half();
  size_t level_bytes() const;
  std::string_view text(const Item& item) const { return {names_.data() + item.name, item.size}; }

  size_t most_bytes_ = 0;
  size_t share_ = 0;    // of the innermost directory, while it is listed
  size_t largest_ = 0;  // the item with the largest name, if some were left out
  ReservedArray<char> names_;
  ReservedArray<Item> items_;
  std::vector<Level> levels_;
  std::unique_ptr<char[]> listing_;  // what getdents64 fills
};

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_DIRECTORY_NAMES_H
