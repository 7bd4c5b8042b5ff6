#include "tar/entry_digests.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "format/object_name.h"

namespace tidemark::tar {
namespace {

// Where ustar says what.
constexpr size_t kNameEnd = 100;
constexpr size_t kSizeAt = 124;
constexpr size_t kSizeEnd = 136;
constexpr size_t kTypeAt = 156;
constexpr size_t kPrefixAt = 345;

Error corrupt(const char* what) {
  return fail(TIDEMARK_E_CORRUPT, std::string("the tar is not one of Tidemark's: ") + what);
}

std::string_view text_at(const std::array<uint8_t, kBlockSize>& block, size_t begin, size_t end) {
  const char* const text = reinterpret_cast<const char*>(block.data()) + begin;
  return {text, strnlen(text, end - begin)};
}

// The entry that begins with this member: its root is named by its number alone.
std::optional<Lsn> root_of(const std::array<uint8_t, kBlockSize>& block) {
  std::string_view name = text_at(block, 0, kNameEnd);
  if (block[kPrefixAt] != 0) return std::nullopt;
  const auto type = static_cast<MemberType>(block[kTypeAt]);
  if (type == MemberType::kDirectory && name.ends_with('/')) {
    name.remove_suffix(1);
  } else if (type != MemberType::kFile) {
    return std::nullopt;
  }
  return parse_lsn_text(name);
}

// The value of the record `size` among pax records, "<length> <key>=<value>\n" each; 0 if there is none.
std::optional<uint64_t> pax_size(std::string_view records) {
  uint64_t size = 0;
  while (!records.empty() && records.front() != '\0') {
    size_t length = 0;
    const auto [stop, problem] = std::from_chars(records.data(), records.data() + records.size(), length);
    const auto digits = static_cast<size_t>(stop - records.data());
    if (problem != std::errc() || length <= digits + 1 || length > records.size()) return std::nullopt;
    if (records[length - 1] != '\n') return std::nullopt;
    const std::string_view record = records.substr(digits, length - digits - 1);
    if (record.starts_with(" size=")) {
      const std::string_view value = record.substr(6);
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), size);
      if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size()) return std::nullopt;
    }
    records.remove_prefix(length);
  }
  return size;
}

}  // namespace

Status EntryDigests::push(std::span<const uint8_t> piece) {
  while (!piece.empty()) {
    if (body_ > 0) {
      const auto count = static_cast<size_t>(std::min<uint64_t>(body_, piece.size()));
      hash(piece.first(count));
      body_ -= count;
      piece = piece.subspan(count);
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

Status EntryDigests::on_block() {
  const bool is_empty = std::all_of(block_.begin(), block_.end(), [](uint8_t byte) { return byte == 0; });
  if (pax_body_ > 0) {
    pax_.append(reinterpret_cast<const char*>(block_.data()), kBlockSize);
    pax_body_ -= kBlockSize;
    return pax_body_ == 0 ? on_pax_end() : Status();
  }
  if (ended_ != is_empty) {
    if (ended_) return corrupt("something follows its end mark");
    if (!pax_.empty()) return corrupt("a pax header stands before its end mark");
    TM_TRY(end_entry());
    ended_ = true;
  }
  return is_empty ? Status() : on_header();
}

Status EntryDigests::on_header() {
  const std::string_view octal = text_at(block_, kSizeAt, kSizeEnd);
  uint64_t size = 0;
  const auto [stop, problem] = std::from_chars(octal.data(), octal.data() + octal.size(), size, 8);
  if (problem != std::errc() || stop != octal.data() + octal.size()) return corrupt("a size is no number");
  if (block_[kTypeAt] == 'x') {
    if (!pax_.empty() || size == 0 || size > kPaxRecordsMax) return corrupt("a pax header is out of place");
    pax_.assign(reinterpret_cast<const char*>(block_.data()), kBlockSize);
    pax_body_ = padded(size);
    return {};
  }
  if (pax_size_ > 0) size = pax_size_;
  if (size > UINT64_MAX - kBlockSize) return corrupt("a member is too large");
  if (const auto lsn = root_of(block_)) {
    TM_TRY(end_entry());
    entry_ = *lsn;
  }
  hash({reinterpret_cast<const uint8_t*>(pax_.data()), pax_.size()});
  hash(block_);
  body_ = padded(size);
  pax_.clear();
  pax_size_ = 0;
  return {};
}

Status EntryDigests::on_pax_end() {
  const auto size = pax_size(std::string_view(pax_).substr(kBlockSize));
  if (!size) return corrupt("a pax record is malformed");
  pax_size_ = *size;
  return {};
}

Status EntryDigests::end_entry() {
  if (wanted_.contains(entry_)) {
    TM_ASSIGN(const Digest digest, sha_.finish());
    digests_[entry_] = digest;
  }
  entry_ = kNoLsn;
  sha_.reset();
  return {};
}

void EntryDigests::hash(std::span<const uint8_t> bytes) {
  if (wanted_.contains(entry_)) sha_.update(bytes.data(), bytes.size());
}

const Digest* EntryDigests::find(Lsn lsn) const {
  const auto found = digests_.find(lsn);
  return found == digests_.end() ? nullptr : &found->second;
}

}  // namespace tidemark::tar
