#include "tar/content_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/line.h"
#include "format/object_name.h"
#include "tree/member_path.h"

namespace tidemark::tar {
namespace {

// Where ustar says what.
constexpr size_t kNameAt = 0;
constexpr size_t kModeAt = 100, kModeSize = 8;
constexpr size_t kSizeAt = 124, kSizeSize = 12;
constexpr size_t kChecksumAt = 148, kChecksumSize = 8;
constexpr size_t kTypeAt = 156;
constexpr size_t kLinkAt = 157;
constexpr size_t kMagicAt = 257;
constexpr std::string_view kMagic(
    "ustar\0"
    "00",
    8);
constexpr size_t kPrefixAt = 345;
constexpr size_t kShownMax = 200;
// The keys that a pax header may have, in the order that they may come in, each once.
constexpr std::string_view kPaxKeys[] = {"hdrcharset", "path", "linkpath", "size"};

using Block = std::array<uint8_t, kBlockSize>;

Error corrupt(const std::string& what) {
  return fail(TIDEMARK_E_CORRUPT, "the tar is not one of Tidemark's: " + what);
}

bool is_zero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

std::string_view text_at(const Block& block, size_t begin, size_t size) {
  const char* const text = reinterpret_cast<const char*>(block.data()) + begin;
  return {text, strnlen(text, size)};
}

// What may stand after a number in its field.
bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '\0' || c == ' '; });
}

std::optional<uint64_t> octal_at(const Block& block, size_t begin, size_t size) {
  const std::string_view field(reinterpret_cast<const char*>(block.data()) + begin, size);
  uint64_t value = 0;
  const auto [stop, problem] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  const std::string_view rest = field.substr(static_cast<size_t>(stop - field.data()));
  if (problem != std::errc() || !is_blank(rest)) return std::nullopt;
  return value;
}

// Owners, times and devices: nothing or 0. Other readers refuse what is not a number there.
bool has_blank_fields(const Block& block) {
  constexpr std::pair<size_t, size_t> kNumbers[] = {{108, 8}, {116, 8}, {136, 12}, {329, 8}, {337, 8}};
  constexpr std::pair<size_t, size_t> kNames[] = {{265, 32}, {297, 32}};
  const bool no_number = std::ranges::all_of(kNumbers, [&block](const auto& field) {
    const std::string_view text(reinterpret_cast<const char*>(block.data()) + field.first, field.second);
    return is_blank(text.substr(std::min(text.find_first_not_of('0'), text.size())));
  });
  return no_number && std::ranges::all_of(kNames, [&block](const auto& field) {
           return text_at(block, field.first, field.second).empty();
         });
}

bool has_good_checksum(const Block& block) {
  uint64_t sum = kChecksumSize * ' ';  // the field itself counts as spaces
  for (size_t i = 0; i < kBlockSize; ++i) {
    if (i < kChecksumAt || i >= kChecksumAt + kChecksumSize) sum += block[i];
  }
  return octal_at(block, kChecksumAt, kChecksumSize) == sum;
}

}  // namespace

Status ContentParser::push(std::span<const uint8_t> piece) {
  while (!piece.empty()) {
    if (body_left_ + padding_left_ > 0) {
      const size_t room = body_left_ > 0 ? static_cast<size_t>(std::min<uint64_t>(body_left_, piece.size()))
                                         : std::min(padding_left_, piece.size());
      TM_TRY(on_body(piece.first(room)));
      piece = piece.subspan(room);
      continue;
    }
    const size_t count = std::min(kBlockSize - block_size_, piece.size());
    std::memcpy(block_.data() + block_size_, piece.data(), count);
    block_size_ += count;
    piece = piece.subspan(count);
    if (block_size_ < kBlockSize) return {};
    block_size_ = 0;
    TM_TRY(on_block());
  }
  return {};
}

Status ContentParser::finish() const {
  if (end_blocks_ == 2 && block_size_ == 0) return {};
  if (body_left_ > 0) return corrupt("a file has fewer bytes than its header says");
  return corrupt("it ends before its end mark");
}

void ContentParser::give(std::span<const uint8_t> bytes) {
  visitor_.entry_bytes(bytes);
  entry_size_bytes_ += bytes.size();
}

Status ContentParser::on_body(std::span<const uint8_t> bytes) {
  give(bytes);
  if (body_left_ > 0) {
    body_left_ -= bytes.size();
    TM_TRY(visitor_.file_bytes(bytes));
    return body_left_ == 0 ? visitor_.end_file() : Status();
  }
  padding_left_ -= bytes.size();
  if (!is_zero(bytes)) return corrupt("the padding after a file is not empty");
  return {};
}

Status ContentParser::on_block() {
  if (pax_left_ > 0) {
    pax_.append(reinterpret_cast<const char*>(block_.data()), kBlockSize);
    pax_left_ -= kBlockSize;
    return pax_left_ == 0 ? on_pax_end() : Status();
  }
  if (end_blocks_ > 0 || is_zero(block_)) return on_end_block();
  return on_header();
}

Status ContentParser::on_end_block() {
  if (end_blocks_ == 2 || !is_zero(block_)) return corrupt("something follows its end mark");
  if (!pax_.empty()) return corrupt("a pax header stands before its end mark");
  if (end_blocks_ == 0) {
    if (entry_ == kNoLsn || entry_ != range_.last) {
      const Lsn missing = entry_ == kNoLsn ? range_.first : entry_ + 1;
      return corrupt("entry " + std::to_string(missing) + " is not in it");
    }
    TM_TRY(end_entry());
  }
  ++end_blocks_;
  visitor_.end_mark(block_);
  return {};
}

Status ContentParser::end_entry() {
  if (entry_ == kNoLsn) return {};
  return visitor_.end_entry(entry_, entry_size_bytes_);
}

Status ContentParser::on_header() {
  if (!has_good_checksum(block_)) return corrupt("a header's checksum is wrong");
  if (std::memcmp(block_.data() + kMagicAt, kMagic.data(), kMagic.size()) != 0) {
    return corrupt("a header is not ustar");
  }
  const auto size = octal_at(block_, kSizeAt, kSizeSize);
  const auto mode = octal_at(block_, kModeAt, kModeSize);
  if (!size || !mode || *mode > 07777) return corrupt("a header's size or mode is not a number");
  if (!has_blank_fields(block_))
    return corrupt("a header has an owner, a time or a device, which Tidemark does not write");
  if (block_[kTypeAt] == 'x') {
    if (!pax_.empty() || *size == 0 || *size > kPaxRecordsMax) {
      return corrupt("a pax header is out of place");
    }
    pax_.assign(reinterpret_cast<const char*>(block_.data()), kBlockSize);
    pax_bytes_ = *size;
    pax_left_ = padded(*size);
    return {};
  }
  std::string joined;
  std::string_view name = pax_path_;
  if (name.empty()) {
    const std::string_view prefix = text_at(block_, kPrefixAt, kPrefixSize);
    name = text_at(block_, kNameAt, kNameSize);
    if (!prefix.empty()) {
      joined.append(prefix).append("/").append(name);
      name = joined;
    }
  }
  ParsedMember member;
  member.link = pax_link_.empty() ? text_at(block_, kLinkAt, kLinkSize) : std::string_view(pax_link_);
  member.size_bytes = pax_size_ > 0 ? pax_size_ : *size;
  member.mode = static_cast<uint16_t>(*mode);
  member.type = static_cast<MemberType>(block_[kTypeAt]);
  Status status = on_member(member, name);
  pax_path_.clear();
  pax_link_.clear();
  pax_size_ = 0;
  return status;
}

// Records are "<length> <key>=<value>\n", where length counts itself.
Status ContentParser::on_pax_end() {
  std::string_view rest = std::string_view(pax_).substr(kBlockSize, pax_bytes_);
  pax_records_ = 0;
  pax_is_binary_ = false;
  while (!rest.empty()) {
    size_t length = 0;
    const auto [stop, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<size_t>(stop - rest.data());
    if (problem != std::errc() || length > rest.size() || length < digits + 2 || rest[digits] != ' ' ||
        rest[length - 1] != '\n') {
      return corrupt("a pax record is malformed");
    }
    const std::string_view record = rest.substr(digits + 1, length - digits - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) return corrupt("a pax record is malformed");
    TM_TRY(on_pax_record(record.substr(0, equals), record.substr(equals + 1)));
    rest.remove_prefix(length);
  }
  if (pax_is_binary_ && is_ascii(pax_path_) && is_ascii(pax_link_)) {
    return corrupt("a pax header says hdrcharset and has no name that needs it");
  }
  return {};
}

Status ContentParser::on_pax_record(std::string_view key, std::string_view value) {
  const auto* const known = std::ranges::find(kPaxKeys, key);
  const auto rank = static_cast<size_t>(known - std::begin(kPaxKeys));
  const std::string shown(key.substr(0, kShownMax));
  if (known == std::end(kPaxKeys))
    return corrupt("a pax record has a key that Tidemark does not write: " + shown);
  if (rank < pax_records_) return corrupt("a pax record is there twice or out of order: " + shown);
  pax_records_ = rank + 1;
  if (key == "path") return on_pax_text(key, value, pax_path_);
  if (key == "linkpath") return on_pax_text(key, value, pax_link_);
  if (key == "hdrcharset") {
    if (value != "BINARY") return corrupt("a pax record has a value that it may not have: hdrcharset");
    pax_is_binary_ = true;
    return {};
  }
  const auto [stop, problem] = std::from_chars(value.data(), value.data() + value.size(), pax_size_);
  if (problem != std::errc() || stop != value.data() + value.size() || pax_size_ == 0) {
    return corrupt("a pax record has a value that it may not have: size");
  }
  return {};
}

Status ContentParser::on_pax_text(std::string_view key, std::string_view value, std::string& text) {
  if (value.empty() || value.find('\0') != std::string_view::npos) {
    return corrupt("a pax record has a value that it may not have: " + std::string(key));
  }
  // Others would take it for UTF-8 and convert it, or fail to.
  if (!pax_is_binary_ && !is_ascii(value)) {
    return corrupt("a pax record is not ASCII and hdrcharset=BINARY does not stand before it: " +
                   std::string(key));
  }
  text = value;
  return {};
}

Status ContentParser::on_member(ParsedMember member, std::string_view name) {
  const std::string shown = "member " + std::string(name.substr(0, kShownMax));
  if (++members_ > members_max_) return corrupt("it has " + tree::too_many_members_text(members_max_));
  const bool is_directory = member.type == MemberType::kDirectory;
  if (name.size() > (is_directory ? tree::kMemberNameMax : tree::kMemberPathMax)) {
    return corrupt(shown + "... has " + tree::too_long_path_text());
  }
  if (member.link.size() > tree::kLinkTargetMax) {
    return corrupt(shown + " has a target longer than " + std::to_string(tree::kLinkTargetMax) + " bytes");
  }
  if (!is_directory && member.type != MemberType::kFile && member.type != MemberType::kSymlink) {
    return corrupt(shown + " is neither a file nor a directory nor a symlink");
  }
  if (is_directory != name.ends_with('/')) return corrupt(shown + ": only a directory's name ends in '/'");
  if (member.type != MemberType::kFile && member.size_bytes > 0) return corrupt(shown + " has bytes");
  const bool is_symlink = member.type == MemberType::kSymlink;
  if (is_symlink && member.link.empty()) return corrupt(shown + " is a symlink without a target");
  if (!is_symlink && !member.link.empty()) return corrupt(shown + " has a target and is not a symlink");
  if (member.size_bytes > INT64_MAX) return corrupt(shown + " is too large");
  if (is_directory) name.remove_suffix(1);

  const std::string_view root = name.substr(0, name.find('/'));
  const auto lsn = parse_lsn_text(root);
  if (!lsn || !range_.contains(*lsn)) {
    return corrupt(shown + " lies outside of the entries the archive is to hold");
  }
  member.lsn = *lsn;
  const bool is_root = root.size() == name.size();
  if (!is_root) member.path = name.substr(root.size() + 1);
  TM_TRY(is_root ? on_root(member, shown) : check_place(member, shown));

  give({reinterpret_cast<const uint8_t*>(pax_.data()), pax_.size()});
  give(block_);
  pax_.clear();
  TM_TRY(visitor_.member(member));
  if (member.type != MemberType::kFile) return {};
  body_left_ = member.size_bytes;
  padding_left_ = static_cast<size_t>(padded(member.size_bytes) - member.size_bytes);
  return body_left_ == 0 ? visitor_.end_file() : Status();
}

Status ContentParser::on_root(const ParsedMember& member, std::string_view shown) {
  if (member.lsn == entry_) return corrupt(std::string(shown) + " is there twice");
  const Lsn expected = entry_ == kNoLsn ? range_.first : entry_ + 1;
  if (member.lsn != expected) {
    return corrupt(std::string(shown) + " stands where entry " + std::to_string(expected) + " belongs");
  }
  if (member.type == MemberType::kSymlink) {
    return corrupt(std::string(shown) + " is a symlink; an entry is a file or a directory");
  }
  TM_TRY(end_entry());
  entry_ = member.lsn;
  entry_size_bytes_ = 0;
  entry_is_directory_ = member.type == MemberType::kDirectory;
  directory_.clear();
  last_path_.clear();
  return visitor_.begin_entry(entry_);
}

Status ContentParser::check_place(const ParsedMember& member, std::string_view shown) {
  const std::string_view path = member.path;
  if (const char* problem = tree::path_problem(path)) return corrupt(std::string(shown) + " " + problem);
  if (member.lsn != entry_) return corrupt(std::string(shown) + " is out of order");
  if (!last_path_.empty() && !tree::comes_after(path, last_path_)) {
    return corrupt(std::string(shown) + " is there twice or out of order");
  }
  const std::string_view parent = tree::parent_path(path);
  while (!directory_.empty() && parent != directory_ &&
         !(parent.starts_with(directory_) && parent[directory_.size()] == '/')) {
    directory_.resize(tree::parent_path(directory_).size());
  }
  if (!entry_is_directory_ || parent != directory_) {
    return corrupt(std::string(shown) + " lies in no directory of the archive");
  }
  last_path_ = path;
  if (member.type == MemberType::kDirectory) directory_ = path;
  return {};
}

}  // namespace tidemark::tar
