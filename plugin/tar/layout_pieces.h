// The layout of an archive with more members than memory has room for: the layout of a piece of it at a time.
//
// The entries are walked once to measure them, and again when their bytes are read, piece after piece. What
// the first walk saw is kept as a checksum, so that it shows if the second walk sees anything else. Bookmarks
// say where to begin when earlier bytes are wanted again.
//
// One thread at a time. Memory comes from the budget of the layout, whatever the number of members.
#ifndef TIDEMARK_TAR_LAYOUT_PIECES_H
#define TIDEMARK_TAR_LAYOUT_PIECES_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/call.h"
#include "tar/layout.h"
#include "tree/reserved_array.h"
#include "tree/walker.h"

namespace tidemark::tar {

class LayoutPieces {
 public:
  LayoutPieces(tree::ByteBudget& budget, tree::TreeWalker& walker, Layout& layout);

  // Takes the walker and the layout over until end(), with nothing measured.
  Status begin();
  void end();
  bool is_on() const { return is_on_; }

  // Walks the entry `entries.back()`; those before it were measured. Errors as of a walk, PERMANENT too if
  // its directories are nested too deeply for the budget.
  Status measure(std::span<const tree::EntryPath> entries, const Call& call);
  uint64_t end_offset() const { return end_.offset; }  // of what was measured
  struct Mark {
    uint64_t offset = 0;
    uint64_t sum = 0;
    uint64_t members = 0;
  };
  const Mark& mark() const { return end_; }
  void rewind(const Mark& mark);
  // What the checksums of its bytes may take of the budget.
  size_t checksum_bytes() const { return budget_.limit / 8; }

  // After the last entry; borrowed until end().
  void seal(std::span<const tree::EntryPath> entries, const Call& call);
  // Lays the piece out that holds `offset` < end_offset(), unless that is the one at hand. CORRUPT: it is not
  // what was measured.
  Status bring(uint64_t offset);
  // After all was read once: nothing has been added after it, and the sums agree.
  Status check_end();

 private:
  struct Bookmark {
    uint64_t offset;  // of a member
    uint64_t sum;     // of all members before it
    uint32_t entry;
    uint32_t text;  // its name in the archive, in texts_
    uint16_t text_size;
  };

  Status step();
  Status on_member();
  Status begin_piece();
  Status add_parents();
  Status go_to(size_t bookmark);
  Status check_bookmark(const LaidOut& member);
  void add_bookmark(const LaidOut& member);
  void drop_every_second();
  Error changed() const;
  std::string_view text(const Bookmark& bookmark) const {
    return {texts_.data() + bookmark.text, bookmark.text_size};
  }

  tree::ByteBudget& budget_;
  tree::TreeWalker& walker_;
  Layout& layout_;
  bool is_on_ = false;
  bool is_sealed_ = false;
  std::span<const tree::EntryPath> entries_;
  Call call_;
  Mark end_;
  tree::ReservedArray<Bookmark> bookmarks_;  // the first is of the first member
  tree::ReservedArray<char> texts_;
  uint64_t interval_ = 0;  // members from one bookmark to the next

  // Where the walker is.
  bool is_walking_ = false;
  uint32_t entry_ = 0;
  uint64_t sum_ = 0;  // of all members before it
  size_t next_bookmark_ = 0;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_LAYOUT_PIECES_H
