#include "format/footer.h"

#include <cassert>
#include <charconv>
#include <cstring>
#include <limits>

namespace tidemark {
namespace {

constexpr std::string_view kMagic = "TIDEMARK1";
constexpr std::string_view kGapMagic = "TIDEMARK1-GAP";
constexpr std::string_view kAcceptedMagic = "TIDEMARK1-ACCEPTED";
constexpr std::string_view kPrunedMagic = "TIDEMARK1-PRUNED";
constexpr std::string_view kOriginMagic = "TIDEMARK1-ORIGIN";

std::string_view record_magic(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kAccepted:
      return kAcceptedMagic;
    case ObjectKind::kPruned:
      return kPrunedMagic;
    case ObjectKind::kOrigin:
      return kOriginMagic;
    case ObjectKind::kArchive:
    case ObjectKind::kGap:
      break;
  }
  assert(false && "a record with a text and a digest");
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
  void number(uint64_t value) {
    char digits[20];
    text({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
  }
  void identity(std::string_view storage, uint64_t partition, Range range) {
    text(" storage=");
    text(storage);
    text(" partition=");
    number(partition);
    text(" first=");
    number(range.first);
    text(" last=");
    number(range.last);
  }
  void time(int64_t made_us) {
    assert(made_us >= 0);
    if (made_us == 0) return;
    text(" made_us=");
    number(static_cast<uint64_t>(made_us));
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

unsigned hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return 16;
}

bool parse_hex(std::string_view text, Digest& digest) {
  if (text.size() != 2 * digest.size()) return false;
  for (size_t i = 0; i < digest.size(); ++i) {
    const unsigned high = hex_value(text[2 * i]);
    const unsigned low = hex_value(text[2 * i + 1]);
    if (high > 15 || low > 15) return false;
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

// What is wrong with " storage=... last=...", or nullptr.
const char* parse_identity(BlockReader& reader, Footer& footer) {
  if (!reader.literal(" storage=")) return "no storage= where it should be";
  footer.storage = reader.word();
  if (const char* problem = storage_name_problem(footer.storage)) return problem;
  if (!reader.literal(" partition=") || !reader.number(footer.partition))
    return "no partition=<decimal number>";
  if (!reader.literal(" first=") || !reader.number(footer.range.first)) return "no first=<decimal number>";
  if (!reader.literal(" last=") || !reader.number(footer.range.last)) return "no last=<decimal number>";
  if (footer.range.first == kNoLsn || footer.range.first > footer.range.last)
    return "first and last are not a range";
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

enum class Form : uint8_t { kArchive, kRecord, kDigestless };

const char* parse_block(std::string_view block, std::string_view magic, Form form, Footer& footer) {
  if (block.size() != kFooterSize) return "it is not 512 bytes long";
  BlockReader reader(block);
  if (!reader.literal(magic)) return "it does not begin with its mark";
  if (form != Form::kDigestless &&
      (!reader.literal(" sha256=") || !parse_hex(reader.word(), footer.sha256))) {
    return "no sha256=<64 lower-case hex digits>";
  }
  if (const char* problem = parse_identity(reader, footer)) return problem;
  if (form == Form::kArchive) {
    if (const char* problem = parse_time(reader, footer)) return problem;
  }
  return reader.only_padding_left() ? nullptr : "more text after the last number";
}

std::optional<Footer> parse(std::string_view block, std::string_view magic, Form form, std::string* problem) {
  Footer footer;
  if (const char* what = parse_block(block, magic, form, footer)) {
    if (problem != nullptr) *problem = what;
    return std::nullopt;
  }
  return footer;
}

FooterBlock format(std::string_view magic, const Digest& sha256, std::string_view storage, uint64_t partition,
                   Range range, int64_t made_us) {
  FooterBlock block;
  BlockWriter writer(block);
  writer.text(magic);
  writer.text(" sha256=");
  char digits[2 * sizeof(Digest)];
  for (size_t i = 0; i < sha256.size(); ++i) {
    digits[2 * i] = "0123456789abcdef"[sha256[i] >> 4];
    digits[2 * i + 1] = "0123456789abcdef"[sha256[i] & 15];
  }
  writer.text({digits, sizeof digits});
  writer.identity(storage, partition, range);
  writer.time(made_us);
  return block;
}

}  // namespace

FooterBlock format_footer(const Digest& sha256, std::string_view storage, uint64_t partition, Range range,
                          int64_t made_us) {
  return format(kMagic, sha256, storage, partition, range, made_us);
}

FooterBlock format_record_footer(ObjectKind kind, const Digest& sha256, std::string_view storage,
                                 uint64_t partition, Range range) {
  return format(record_magic(kind), sha256, storage, partition, range, 0);
}

FooterBlock format_gap_record(std::string_view storage, uint64_t partition, Range range) {
  FooterBlock block;
  BlockWriter writer(block);
  writer.text(kGapMagic);
  writer.identity(storage, partition, range);
  return block;
}

std::optional<Footer> parse_footer(std::string_view block, std::string* problem) {
  return parse(block, kMagic, Form::kArchive, problem);
}

std::optional<Footer> parse_record_footer(ObjectKind kind, std::string_view block, std::string* problem) {
  return parse(block, record_magic(kind), Form::kRecord, problem);
}

std::optional<Footer> parse_gap_record(std::string_view block, std::string* problem) {
  return parse(block, kGapMagic, Form::kDigestless, problem);
}

std::string hex(const Digest& digest) {
  std::string text;
  text.reserve(2 * digest.size());
  for (const uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace tidemark
