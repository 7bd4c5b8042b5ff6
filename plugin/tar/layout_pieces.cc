#include "tar/layout_pieces.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace tidemark::tar {
namespace {

constexpr uint64_t kFirstInterval = 256;

// Not against an enemy: who can write to the entry's files does not have to forge a checksum.
uint64_t mix(uint64_t sum, uint64_t word) {
  return std::rotl((sum ^ word) * 0x9e3779b97f4a7c15, 29) * 0xbf58476d1ce4e5b9;
}

uint64_t mix(uint64_t sum, std::string_view text) {
  for (; text.size() >= sizeof(uint64_t); text.remove_prefix(sizeof(uint64_t))) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    sum = mix(sum, word);
  }
  uint64_t rest = text.size() + 1;
  for (const char c : text) rest = rest << 8 | static_cast<unsigned char>(c);
  return mix(sum, rest);
}

uint64_t mix(uint64_t sum, const LaidOut& member, std::string_view name, std::string_view link) {
  sum = mix(sum, member.offset);
  sum = mix(sum, member.stamp.device);
  sum = mix(sum, member.stamp.inode);
  sum = mix(sum, member.stamp.size_bytes);
  sum = mix(sum, static_cast<uint64_t>(member.stamp.modified_ns));
  sum = mix(sum, static_cast<uint64_t>(member.stamp.changed_ns));
  sum = mix(sum, uint64_t{member.mode} << 8 | static_cast<uint8_t>(member.type));
  return mix(mix(sum, name), link);
}

}  // namespace

LayoutPieces::LayoutPieces(tree::ByteBudget& budget, tree::TreeWalker& walker, Layout& layout)
    : budget_(budget), walker_(walker), layout_(layout), bookmarks_(budget), texts_(budget) {}

// Half of the budget is for the piece, a quarter for names of directories, an eighth each for bookmarks and
// checksums.
Status LayoutPieces::begin() {
  end();
  if (!bookmarks_.reserve() || !texts_.reserve())
    return fail_errno(errno, "cannot reserve memory for bookmarks");
  TM_TRY(layout_.begin());
  walker_.set_most_name_bytes(std::max(budget_.limit / 4, tree::DirectoryNames::kMostBytesMin));
  is_on_ = true;
  interval_ = kFirstInterval;
  return {};
}

void LayoutPieces::end() {
  if (!is_on_) return;
  walker_.end();
  walker_.set_most_name_bytes(0);
  bookmarks_.trim();
  texts_.trim();
  is_on_ = is_sealed_ = is_walking_ = false;
  entries_ = {};
  end_ = {};
}

void LayoutPieces::rewind(const Mark& mark) {
  walker_.end();
  is_walking_ = false;
  end_ = mark;
  size_t kept = bookmarks_.size();
  while (kept > 0 && bookmarks_[kept - 1].offset >= mark.offset) --kept;
  if (kept < bookmarks_.size()) texts_.shrink(bookmarks_[kept].text);
  bookmarks_.shrink(kept);
}

Status LayoutPieces::measure(std::span<const tree::EntryPath> entries, const Call& call) {
  assert(is_on_ && !is_sealed_);
  entries_ = entries;
  call_ = call;
  entry_ = static_cast<uint32_t>(entries.size()) - 1;
  sum_ = end_.sum;
  Mark mark = end_;
  Status status = walker_.begin(entries.back());
  layout_.begin_piece(end_.offset, entry_);
  while (status && !walker_.is_done()) status = step();
  if (status) {
    end_.offset = layout_.end();
    end_.sum = sum_;
  } else {
    rewind(mark);
  }
  walker_.end();
  return status;
}

void LayoutPieces::seal(std::span<const tree::EntryPath> entries, const Call& call) {
  entries_ = entries;
  call_ = call;
  is_sealed_ = true;
  is_walking_ = false;
  layout_.begin_piece(0, 0);
}

Status LayoutPieces::bring(uint64_t offset) {
  assert(is_sealed_ && offset < end_.offset);
  if (layout_.holds(offset)) return {};
  const Bookmark* const first = bookmarks_.data();
  const Bookmark* const after =
      std::upper_bound(first, first + bookmarks_.size(), offset,
                       [](uint64_t wanted, const Bookmark& bookmark) { return wanted < bookmark.offset; });
  const auto nearest = static_cast<size_t>(after - first) - 1;
  Status status;
  if (!is_walking_ || offset < layout_.end() || first[nearest].offset > layout_.end())
    status = go_to(nearest);
  while (status && !layout_.holds(offset)) status = step();
  if (!status) is_walking_ = false;
  return status;
}

Status LayoutPieces::check_end() {
  TM_TRY(bring(end_.offset - 1));
  if (!is_walking_) {
    // The last piece was laid out already, but the walk that led to it is over: walk again.
    layout_.begin_piece(0, 0);
    TM_TRY(bring(end_.offset - 1));
  }
  Status status;
  while (status && !(walker_.is_done() && entry_ + 1 == entries_.size())) {
    status = step();
    if (status && layout_.end() != end_.offset) status = changed();
  }
  if (status && sum_ != end_.sum) status = changed();
  if (!status) is_walking_ = false;
  return status;
}

// Adds one member to the piece, or leaves a directory or an entry.
Status LayoutPieces::step() {
  if (walker_.is_done()) {
    if (is_sealed_ && entry_ + 1 == entries_.size()) return changed();
    ++entry_;
    layout_.begin_entry(entry_);
    return walker_.begin(entries_[entry_]);
  }
  if (layout_.used_bytes() + Layout::kMemberBytesMax > budget_.limit / 2) {
    TM_TRY(begin_piece());
  }
  const size_t before = layout_.size();
  if (Status status = walker_.step(layout_, call_); !status) {
    // It was there when it was measured.
    const bool has_vanished = is_sealed_ && status.error().status == TIDEMARK_E_NOT_FOUND;
    return has_vanished ? Status(tree::fail_inside(ENOENT, std::string(entries_[entry_].path))) : status;
  }
  return layout_.size() > before ? on_member() : Status();
}

Status LayoutPieces::on_member() {
  const LaidOut& member = layout_[layout_.size() - 1];
  if (is_sealed_) {
    TM_TRY(check_bookmark(member));
  } else {
    if (end_.members % interval_ == 0) add_bookmark(member);
    ++end_.members;
  }
  const bool has_link = member.type == MemberType::kSymlink;
  sum_ = mix(sum_, member, {layout_.name(member), member.name_size},
             has_link ? layout_.link(member) : std::string_view());
  return {};
}

Status LayoutPieces::begin_piece() {
  layout_.begin_piece(layout_.end(), entry_);
  return add_parents();
}

Status LayoutPieces::add_parents() {
  for (size_t level = 0; level < walker_.depth(); ++level) {
    const bool fits = layout_.add_parent(walker_.directory_name(level), walker_.directory_stamp(level));
    if (!fits || layout_.used_bytes() > budget_.limit / 4) {
      return tree::fail_budget(entries_[entry_].path, budget_.limit);
    }
  }
  return {};
}

Status LayoutPieces::go_to(size_t bookmark) {
  const Bookmark& at = bookmarks_[bookmark];
  entry_ = at.entry;
  sum_ = at.sum;
  next_bookmark_ = bookmark;
  is_walking_ = true;
  layout_.begin_piece(at.offset, entry_);
  TM_TRY(walker_.begin_at(entries_[entry_], text(at)));
  return add_parents();
}

Status LayoutPieces::check_bookmark(const LaidOut& member) {
  if (next_bookmark_ == bookmarks_.size() || member.offset < bookmarks_[next_bookmark_].offset) return {};
  const Bookmark& expected = bookmarks_[next_bookmark_++];
  if (member.offset != expected.offset || sum_ != expected.sum) return changed();
  return {};
}

void LayoutPieces::add_bookmark(const LaidOut& member) {
  char buffer[tree::kMemberNameMax];
  const std::string_view name = layout_.path(member, buffer);
  const size_t most = budget_.limit / 8;
  const auto used = [this] { return bookmarks_.size() * sizeof(Bookmark) + texts_.size(); };
  while (used() + sizeof(Bookmark) + name.size() > most && bookmarks_.size() > 1) drop_every_second();
  const bool is_first = bookmarks_.size() == 0;
  if (!is_first && used() + sizeof(Bookmark) + name.size() > most) return;
  const auto text = static_cast<uint32_t>(texts_.size());
  const bool added = texts_.append(name.data(), name.size()) &&
                     bookmarks_.push({member.offset, sum_, entry_, text, static_cast<uint16_t>(name.size())});
  assert(added);  // what the others may take leaves room
  static_cast<void>(added);
}

void LayoutPieces::drop_every_second() {
  size_t kept = 0, end = 0;
  for (size_t i = 0; i < bookmarks_.size(); i += 2) {
    Bookmark bookmark = bookmarks_[i];
    std::memmove(texts_.data() + end, texts_.data() + bookmark.text, bookmark.text_size);
    bookmark.text = static_cast<uint32_t>(end);
    end += bookmark.text_size;
    bookmarks_[kept++] = bookmark;
  }
  texts_.shrink(end);
  bookmarks_.shrink(kept);
  interval_ *= 2;
}

Error LayoutPieces::changed() const {
  std::string what(entries_[entry_].path);
  if (layout_.size() > 0) {
    char buffer[tree::kMemberNameMax];
    const LaidOut& member = layout_[layout_.size() - 1];
    const std::string path = tree::Place{layout_.path(member, buffer), entries_[entry_].path, -1, ""}.path();
    if (path != what) what += ": something in it, at " + path + " or before";
  }
  return fail(TIDEMARK_E_CORRUPT, what +
                                      ": changed while it was archived; an entry must not change until it is "
                                      "released");
}

}  // namespace tidemark::tar
