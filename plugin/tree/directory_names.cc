#include "tree/directory_names.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "base/directory.h"

namespace tidemark::tree {
namespace {

constexpr size_t kListingBytes = 32 << 10;

}  // namespace

DirectoryNames::DirectoryNames(ByteBudget& budget)
    : names_(budget), items_(budget), listing_(new char[kListingBytes]) {}

void DirectoryNames::trim() {
  names_.trim();
  items_.trim();
}

void DirectoryNames::clear() {
  levels_.clear();
  names_.shrink(0);
  items_.shrink(0);
}

int DirectoryNames::push(int fd, std::string_view from) {
  assert(most_bytes_ == 0 || most_bytes_ >= kMostBytesMin);
  levels_.push_back({items_.size(), names_.size(), items_.size(), false});
  return list(fd, from, From::kIt);
}

void DirectoryNames::pop() {
  items_.shrink(levels_.back().first_item);
  names_.shrink(levels_.back().first_name);
  levels_.pop_back();
}

int DirectoryNames::next(int fd, std::string_view last, Name* name) {
  *name = {};
  if (levels_.back().next_item == items_.size()) {
    if (!levels_.back().more) return 0;
    items_.shrink(levels_.back().first_item);
    names_.shrink(levels_.back().first_name);
    if (lseek(fd, 0, SEEK_SET) != 0) return errno;
    if (const int problem = list(fd, last, From::kBehindIt); problem != 0) return problem;
    if (levels_.back().next_item == items_.size()) return 0;
  }
  const Item& item = items_[levels_.back().next_item++];
  *name = {names_.data() + item.name, item.size, item.type};
  return 0;
}

// The names from `bound` on, or the smallest of them, sorted.
int DirectoryNames::list(int fd, std::string_view bound, From from) {
  make_room();
  Level& level = levels_.back();
  level.next_item = level.first_item;
  level.more = false;
  for (;;) {
    const ssize_t size = getdents64(fd, listing_.get(), kListingBytes);
    if (size < 0) return errno;
    if (size == 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* found = reinterpret_cast<const dirent64*>(listing_.get() + at);
      at += found->d_reclen;
      if (is_dots(found->d_name)) continue;
      const std::string_view name = found->d_name;
      if (!bound.empty() && (from == From::kIt ? name < bound : name <= bound)) continue;
      if (!add(name, found->d_type)) return kFull;
    }
  }
  std::sort(items_.data() + level.first_item, items_.data() + items_.size(),
            [this](const Item& a, const Item& b) { return text(a) < text(b); });
  return 0;
}

// How much the innermost directory may take: half of what is free, so that those below it find room too. If
// that is little, those above are read again when their turn comes.
void DirectoryNames::make_room() {
  share_ = SIZE_MAX;
  if (most_bytes_ == 0) return;
  const size_t used = names_.size() + items_.size() * sizeof(Item);
  size_t room = most_bytes_ - used;
  if (room < most_bytes_ / 4) {
    for (Level& level : levels_) {
      const size_t end = &level == &levels_.back() ? level.next_item : (&level + 1)->first_item;
      level.more = level.more || level.next_item < end;
    }
    for (Level& level : levels_) level.first_item = level.first_name = level.next_item = 0;
    items_.shrink(0);
    names_.shrink(0);
    room = most_bytes_;
  }
  share_ = room / 2;
}

size_t DirectoryNames::level_bytes() const {
  const Level& level = levels_.back();
  return names_.size() - level.first_name + (items_.size() - level.first_item) * sizeof(Item);
}

// False if the budget is spent.
bool DirectoryNames::add(std::string_view name, uint8_t type) {
  Level& level = levels_.back();
  if (level.more && name > text(items_[largest_])) return true;
  while (share_ != SIZE_MAX && level_bytes() + name.size() + 1 + sizeof(Item) > share_) {
    keep_smaller_half();
    level.more = true;
    if (name > text(items_[largest_])) return true;
  }
  const Item item = {static_cast<uint32_t>(names_.size()), static_cast<uint16_t>(name.size()), type};
  return names_.append(name.data(), name.size() + 1) && items_.push(item);  // with its NUL
}

void DirectoryNames::keep_smaller_half() {
  const Level& level = levels_.back();
  Item* const first = items_.data() + level.first_item;
  const auto count = items_.size() - level.first_item;
  assert(count > 1);  // two names of any size fit
  const size_t kept = count / 2;
  const auto by_text = [this](const Item& a, const Item& b) { return text(a) < text(b); };
  std::nth_element(first, first + kept, first + count, by_text);
  items_.shrink(level.first_item + kept);
  // What is left moves together, from the front.
  std::sort(first, first + kept, [](const Item& a, const Item& b) { return a.name < b.name; });
  size_t end = level.first_name;
  for (Item* item = first; item != first + kept; ++item) {
    std::memmove(names_.data() + end, names_.data() + item->name, item->size + size_t{1});
    item->name = static_cast<uint32_t>(end);
    end += item->size + size_t{1};
  }
  names_.shrink(end);
  largest_ = static_cast<size_t>(std::max_element(first, first + kept, by_text) - items_.data());
}

}  // namespace tidemark::tree
