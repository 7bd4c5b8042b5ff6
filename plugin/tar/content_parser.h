// Takes the content of an archive apart while it arrives: which entries, which members, which bytes are
// whose. Strict: takes the form that README.md of this folder gives and nothing else.
//
// One thread at a time. The bytes may be hostile: memory is bounded by one member's headers and names, and
// what is passed on has been checked: entries first..last in order, each member below a directory given
// before, in order and only once, no name that leads elsewhere. The visitor outlives the parser.
#ifndef TIDEMARK_TAR_CONTENT_PARSER_H
#define TIDEMARK_TAR_CONTENT_PARSER_H

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "format/types.h"
#include "tar/format.h"

namespace tidemark::tar {

struct ParsedMember {
  Lsn lsn = kNoLsn;
  std::string_view path;  // relative to its entry; empty for the entry itself
  std::string_view link;  // a symlink's target
  uint64_t size_bytes = 0;
  uint16_t mode = 0;
  MemberType type = MemberType::kFile;
};

// What the parser finds, in the archive's order. Anything but OK stops it and is passed on.
class ContentVisitor {
 public:
  virtual ~ContentVisitor() = default;
  // Between begin_entry() and end_entry() every byte of the entry's members, headers and padding included.
  virtual void entry_bytes(std::span<const uint8_t>) {}
  virtual Status begin_entry(Lsn) { return {}; }
  virtual Status member(const ParsedMember&) { return {}; }
  virtual Status file_bytes(std::span<const uint8_t>) { return {}; }
  virtual Status end_file() { return {}; }  // after member() of each file and its bytes
  virtual Status end_entry(Lsn, [[maybe_unused]] uint64_t size_bytes) { return {}; }
  virtual void end_mark(std::span<const uint8_t>) {}
};

class ContentParser {
 public:
  ContentParser(Range range, ContentVisitor& visitor, uint64_t members_max = tree::kMembersMax)
      : range_(range), visitor_(visitor), members_max_(members_max) {}

  // The archive's content in order, without its footer. CORRUPT: not an archive of ours; or the visitor's
  // status.
  Status push(std::span<const uint8_t> piece);
  // After the last piece: CORRUPT if it ends too early.
  Status finish() const;

 private:
  Status on_block();
  Status on_end_block();
  Status on_header();
  Status on_pax_end();
  Status on_pax_record(std::string_view key, std::string_view value);
  Status on_pax_text(std::string_view key, std::string_view value, std::string& text);
  Status on_member(ParsedMember member, std::string_view name);
  Status on_root(const ParsedMember& member, std::string_view shown);
  Status check_place(const ParsedMember& member, std::string_view shown);
  Status on_body(std::span<const uint8_t> bytes);
  Status end_entry();
  void give(std::span<const uint8_t> bytes);

  const Range range_;
  ContentVisitor& visitor_;
  const uint64_t members_max_;
  std::array<uint8_t, kBlockSize> block_;
  size_t block_size_ = 0;
  std::string pax_;         // a pax header and its records: they belong to the member after them
  uint64_t pax_left_ = 0;   // of their blocks, still to come
  uint64_t pax_bytes_ = 0;  // of the records, without padding
  size_t pax_records_ = 0;  // how far they are in the order of records
  bool pax_is_binary_ = false;
  std::string pax_path_;  // what they say; empty if nothing
  std::string pax_link_;
  uint64_t pax_size_ = 0;
  uint64_t body_left_ = 0;   // of a file's bytes, still to come
  size_t padding_left_ = 0;  // after them
  size_t end_blocks_ = 0;
  uint64_t members_ = 0;
  Lsn entry_ = kNoLsn;  // whose members come now
  uint64_t entry_size_bytes_ = 0;
  bool entry_is_directory_ = false;
  std::string directory_;  // the innermost, relative to the entry
  std::string last_path_;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_CONTENT_PARSER_H
