// The bytes of a laid-out archive before its footer, from any offset: headers made on demand, file bytes read
// straight into the caller's buffer.
//
// One thread at a time. Holds one file and one directory open. Every file is compared with its layout when it
// is opened and again, with a probe for bytes after its end, when its last byte is read.
#ifndef TIDEMARK_TAR_STREAM_H
#define TIDEMARK_TAR_STREAM_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"
#include "tar/layout.h"
#include "tar/layout_pieces.h"
#include "tree/attributes.h"
#include "tree/entry_path.h"

namespace tidemark::tar {

class LayoutStream {
 public:
  LayoutStream(const Layout& layout, LayoutPieces& pieces, tree::AttributeWatch& attributes)
      : layout_(layout), pieces_(pieces), attributes_(attributes) {}

  // The layout is complete; `entries` are what it was made of, borrowed until close().
  void begin(std::span<const tree::EntryPath> entries);
  void close();
  uint64_t size_bytes() const { return members_end() + kEndMarkSize; }
  // Exactly [offset, offset + size), which lies within size_bytes().
  Status read(uint64_t offset, uint8_t* out, size_t size);

 private:
  static constexpr size_t kNone = SIZE_MAX;

  uint64_t members_end() const { return pieces_.is_on() ? pieces_.end_offset() : layout_.end(); }
  Status bring(uint64_t offset);
  void let_go();
  Result<size_t> read_some(uint64_t offset, uint8_t* out, size_t size);
  Status make_header(size_t index);
  Result<size_t> read_file(size_t index, uint64_t offset, uint8_t* out, size_t size);
  Status open_file(size_t index);
  Status check_file_end(size_t index);
  Result<int> open_directory(uint32_t index);
  Status check_directory();
  Status check_names_of_directory() const;
  Status open_entry_root(const LaidOut& root, int flags, UniqueFd& fd) const;
  std::string path_on_disk(const LaidOut& member) const;

  const Layout& layout_;
  LayoutPieces& pieces_;
  tree::AttributeWatch& attributes_;
  uint64_t piece_ = 0;  // of the layout, which the indexes below belong to
  std::span<const tree::EntryPath> entries_;
  size_t member_ = 0;  // where the last read was
  size_t header_member_ = kNone;
  size_t file_member_ = kNone;
  UniqueFd file_;
  uint32_t directory_member_ = LaidOut::kNoParent;
  UniqueFd directory_;
  std::array<uint8_t, kHeaderMax> header_;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_STREAM_H
