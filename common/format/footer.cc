#include "format/footer.h"

#include <cassert>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "format/hex.h"

namespace tidemark {
namespace {

std::string_view magic_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kArchive:
      return "TIDEMARK1";
    case ObjectKind::kGap:
      return "TIDEMARK1-GAP";
    case ObjectKind::kAccepted:
      return "TIDEMARK1-ACCEPTED";
    case ObjectKind::kPruned:
      return "TIDEMARK1-PRUNED";
    case ObjectKind::kOrigin:
      return "TIDEMARK1-ORIGIN";
    case ObjectKind::kEpoch:
      return "TIDEMARK1-EPOCH";
  }
  assert(false && "every kind has its mark");
  return {};
}

class BlockWriter {
 public:
  explicit BlockWriter(FooterBlock& block) : block_(block) { block_.fill('\0'); }

  void text(std::string_view text) {
    assert(text.size() <= block_.size() - used_);
    std::memcpy(block_.data() + used_, text.data(), text.size());
    used_ += text.size();
  }
  void number(std::string_view key, uint64_t value) {
    text(key);
    char digits[20];
    text({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
  }
  void digest(std::string_view key, std::span<const uint8_t> digest) {
    assert(digest.size() <= sizeof(Digest));
    text(key);
    char digits[2 * sizeof(Digest)];
    write_hex(digest, digits);
    text({digits, 2 * digest.size()});
  }

 private:
  FooterBlock& block_;
  size_t used_ = 0;
};

// Takes a block apart from the front; the first failure sticks.
class BlockReader {
 public:
  explicit BlockReader(std::string_view text) : rest_(text) {}

  bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  std::string_view word() {
    const std::string_view result = rest_.substr(0, rest_.find_first_of(std::string_view(" \0", 2)));
    rest_.remove_prefix(result.size());
    return result;
  }
  bool number(uint64_t& value) {
    const auto parsed = parse_decimal(word());
    if (parsed) value = *parsed;
    return parsed.has_value();
  }
  bool only_padding_left() const { return rest_.find_first_not_of('\0') == std::string_view::npos; }

 private:
  std::string_view rest_;
};

// What is wrong with " storage=... epoch=...", or nullptr.
const char* parse_identity(BlockReader& reader, Footer& footer) {
  if (!reader.literal(" storage=")) return "no storage= where it should be";
  footer.storage = reader.word();
  if (const char* problem = storage_name_problem(footer.storage)) return problem;
  if (footer.kind == ObjectKind::kEpoch) {
    const bool is_epoch = reader.literal(" epoch=") && reader.number(footer.epoch);
    return is_epoch && footer.epoch >= kFirstEpoch ? nullptr : "no epoch=<decimal number>";
  }
  if (!reader.literal(" partition=") || !reader.number(footer.partition))
    return "no partition=<decimal number>";
  if (!reader.literal(" first=") || !reader.number(footer.range.first)) return "no first=<decimal number>";
  if (!reader.literal(" last=") || !reader.number(footer.range.last)) return "no last=<decimal number>";
  if (footer.range.first == kNoLsn || footer.range.first > footer.range.last)
    return "first and last are not a range";
  // What was pruned, or never there, is all up to its last: no other name says it.
  const bool is_beginning = footer.kind == ObjectKind::kPruned || footer.kind == ObjectKind::kOrigin;
  if (is_beginning && footer.range.first != 1) return "first is not 1";
  if (!reader.literal(" epoch=")) return nullptr;
  if (!reader.number(footer.epoch) || footer.epoch <= kFirstEpoch) return "epoch= is not a number above 1";
  if (footer.kind != ObjectKind::kArchive || !reader.literal(" begun=")) return nullptr;
  const bool is_before =
      reader.number(footer.begun) && footer.begun != kNoLsn && footer.begun < footer.range.first;
  return is_before ? nullptr : "begun= is not the number of an entry before first";
}

const char* parse_content(BlockReader& reader, Footer& footer) {
  if (reader.literal(" content=")) {
    footer.content.emplace();
    if (!parse_hex(reader.word(), footer.content->sha256)) return "content= is not 64 lower-case hex digits";
    if (!reader.literal(" size=") || !reader.number(footer.content->size_bytes))
      return "no size=<decimal number> after content=";
  } else if (reader.literal(" tag_key=")) {
    footer.tag.emplace();
    if (!parse_hex(reader.word(), footer.tag->key_id)) return "tag_key= is not 8 lower-case hex digits";
    if (!reader.literal(" tag=") || !parse_hex(reader.word(), footer.tag->digest))
      return "no tag=<64 lower-case hex digits> after tag_key=";
  }
  return nullptr;
}

const char* parse_time(BlockReader& reader, Footer& footer) {
  if (!reader.literal(" made_us=")) return nullptr;
  uint64_t made_us = 0;
  if (!reader.number(made_us) || made_us == 0 || made_us > std::numeric_limits<int64_t>::max())
    return "made_us= is not a time";
  footer.made_us = static_cast<int64_t>(made_us);
  return nullptr;
}

const char* parse_block(std::string_view block, Footer& footer) {
  if (block.size() != kFooterSize) return "it is not 512 bytes long";
  BlockReader reader(block);
  if (!reader.literal(magic_of(footer.kind))) return "it does not begin with its mark";
  if (footer.kind != ObjectKind::kGap &&
      (!reader.literal(" sha256=") || !parse_hex(reader.word(), footer.sha256))) {
    return "no sha256=<64 lower-case hex digits>";
  }
  if (const char* problem = parse_identity(reader, footer)) return problem;
  if (footer.kind == ObjectKind::kArchive) {
    if (const char* problem = parse_content(reader, footer)) return problem;
    if (const char* problem = parse_time(reader, footer)) return problem;
  }
  return reader.only_padding_left() ? nullptr : "more text after the last number";
}

}  // namespace

FooterBlock format_footer(const Footer& footer) {
  assert(footer.kind == ObjectKind::kArchive || (!footer.content && !footer.tag && footer.made_us == 0));
  assert(!footer.content || !footer.tag);  // so that the longest fits
  assert(footer.made_us >= 0 && footer.epoch >= kFirstEpoch);
  assert(footer.begun == kNoLsn || (footer.kind == ObjectKind::kArchive && footer.epoch > kFirstEpoch));
  FooterBlock block;
  BlockWriter writer(block);
  writer.text(magic_of(footer.kind));
  if (footer.kind != ObjectKind::kGap) writer.digest(" sha256=", footer.sha256);
  writer.text(" storage=");
  writer.text(footer.storage);
  const bool is_epoch = footer.kind == ObjectKind::kEpoch;
  if (!is_epoch) {
    writer.number(" partition=", footer.partition);
    writer.number(" first=", footer.range.first);
    writer.number(" last=", footer.range.last);
  }
  if (is_epoch || footer.epoch != kFirstEpoch) writer.number(" epoch=", footer.epoch);
  if (footer.begun != kNoLsn) writer.number(" begun=", footer.begun);
  if (footer.content) {
    writer.digest(" content=", footer.content->sha256);
    writer.number(" size=", footer.content->size_bytes);
  }
  if (footer.tag) {
    writer.digest(" tag_key=", footer.tag->key_id);
    writer.digest(" tag=", footer.tag->digest);
  }
  if (footer.made_us != 0) writer.number(" made_us=", static_cast<uint64_t>(footer.made_us));
  return block;
}

std::optional<Footer> parse_footer(ObjectKind kind, std::string_view block, std::string* problem) {
  std::optional<Footer> footer(std::in_place);
  footer->kind = kind;
  if (const char* what = parse_block(block, *footer)) {
    if (problem != nullptr) *problem = what;
    footer.reset();
  }
  return footer;
}

bool is_footer_of(const Footer& footer, const ParsedKey& key) {
  const Coding coding = key.name.coding;
  return footer.kind == key.name.kind && footer.storage == key.storage && footer.partition == key.partition &&
         footer.range == key.name.range && footer.epoch == key.name.epoch && footer.begun == key.name.begun &&
         footer.content.has_value() == (coding == Coding::kZstd) &&
         footer.tag.has_value() == (coding == Coding::kAge || coding == Coding::kZstdAge);
}

std::string key_of(const Footer& footer) {
  const Coding coding = footer.tag ? Coding::kAge : footer.content ? Coding::kZstd : Coding::kNone;
  return object_key(footer.storage, footer.partition,
                    {footer.range, footer.kind, footer.epoch, coding, footer.begun});
}

}  // namespace tidemark
