// The layout of an archive too large to be held whole: every member with its offset in the archive, and what
// shows whether it is still the same on disk. The file bytes are not part of it. Or the layout of a piece of
// the archive, see layout_pieces.h.
//
// One thread at a time. Memory comes from one budget; names are kept once, paths are put together on demand.
#ifndef TIDEMARK_TAR_LAYOUT_H
#define TIDEMARK_TAR_LAYOUT_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tar/format.h"
#include "tree/reserved_array.h"
#include "tree/walker.h"

namespace tidemark::tar {

struct LaidOut {
  static constexpr uint32_t kNoParent = UINT32_MAX;

  uint64_t offset = 0;    // of the first header block
  tree::FileStamp stamp;  // its size_bytes is the member's, 0 unless it is a file
  uint32_t parent = kNoParent;
  uint32_t entry = 0;  // which of the archive's entries it belongs to
  uint32_t name = 0;   // offsets in the names, NUL-terminated there
  uint32_t link = 0;
  uint16_t name_size = 0;
  uint16_t link_size = 0;
  uint16_t mode = 0;
  uint8_t header_blocks = 1;  // 0: stands before the piece, here only as a parent
  MemberType type = MemberType::kFile;

  uint64_t header_bytes() const { return uint64_t{header_blocks} * kBlockSize; }
  uint64_t end() const { return offset + header_bytes() + padded(stamp.size_bytes); }
};

class Layout final : public tree::TreeVisitor {
 public:
  explicit Layout(tree::ByteBudget& budget);

  // Then walk each entry with this visitor, begin_entry() before each.
  Status begin();
  void begin_entry(uint32_t entry) { entry_ = entry, parent_ = LaidOut::kNoParent; }
  void trim();
  // A member that would end after it is refused with an error that nobody sees, and has_too_many_bytes() is
  // true until it is set again.
  void set_most_bytes(uint64_t end) { most_end_ = end, has_too_many_bytes_ = false; }
  bool has_too_many_bytes() const { return has_too_many_bytes_; }
  // Takes back what was added since: an entry that failed, or that is too much.
  struct Mark {
    size_t members;
    size_t names;
  };
  Mark mark() const { return {members_.size(), names_.size()}; }
  void rewind(Mark mark) { members_.shrink(mark.members), names_.shrink(mark.names); }

  // Forgets all members: what is added from now on begins at `offset` of the archive, in this entry. Then its
  // directories, the root first; false: there is no room.
  void begin_piece(uint64_t offset, uint32_t entry);
  bool add_parent(std::string_view name, const tree::FileStamp& stamp);
  // Changes whenever an index no longer means what it meant.
  uint64_t piece() const { return piece_; }
  size_t used_bytes() const { return members_.size() * sizeof(LaidOut) + names_.size(); }
  static constexpr size_t kMemberBytesMax = sizeof(LaidOut) + 256 + tree::kLinkTargetMax + 2;

  size_t size() const { return members_.size(); }
  const LaidOut& operator[](size_t index) const { return members_[index]; }
  uint64_t offset() const { return offset_; }                                          // of the first member
  uint64_t end() const { return size() == 0 ? offset_ : members_[size() - 1].end(); }  // of the last
  bool holds(uint64_t offset) const { return offset_ <= offset && offset < end(); }
  size_t find(uint64_t offset) const;  // the member at `offset`, which it holds

  const char* name(const LaidOut& member) const { return names_.data() + member.name; }
  std::string_view link(const LaidOut& member) const {
    return {names_.data() + member.link, member.link_size};
  }
  // The member's name in the archive, into a buffer of kMemberNameMax bytes.
  std::string_view path(const LaidOut& member, char* buffer) const;

  Status on_directory(const tree::Place& place, const struct stat& info) override;
  void on_directory_end() override;
  Status on_file(const tree::Place& place) override;
  Status on_symlink(const tree::Place& place) override;

 private:
  Status add(const tree::Place& place, LaidOut& member, std::string_view link);
  bool add_text(const char* text, size_t size, uint32_t& offset);

  tree::ByteBudget& budget_;
  tree::ReservedArray<LaidOut> members_;
  tree::ReservedArray<char> names_;
  uint64_t offset_ = 0;
  uint64_t piece_ = 0;
  uint64_t most_end_ = kMembersBytesMax;
  bool has_too_many_bytes_ = false;
  uint32_t entry_ = 0;
  uint32_t parent_ = LaidOut::kNoParent;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_LAYOUT_H
