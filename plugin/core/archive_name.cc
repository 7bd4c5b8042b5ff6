#include "core/archive_name.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace tidemark::core {
namespace {

struct Suffix {
  std::string_view text;
  ObjectKind kind;
};
constexpr Suffix kSuffixes[] = {{".tar", ObjectKind::kArchive},
                                {".gap", ObjectKind::kGap},
                                {".accepted", ObjectKind::kAccepted},
                                {".pruned", ObjectKind::kPruned},
                                {".origin", ObjectKind::kOrigin}};

constexpr std::string_view suffix_of(ObjectKind kind) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.kind == kind) return suffix.text;
  }
  return {};
}

// The value of a base-36 digit, or 36.
constexpr unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 10;
  return 36;
}

void append_decimal(std::string& out, uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_lsn(std::string& out, Lsn lsn) {
  const auto text = lsn_text(lsn);
  out.append(text.data(), text.size());
}

std::optional<uint64_t> parse_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::array<char, kLsnTextSize> lsn_text(Lsn lsn) {
  std::array<char, kLsnTextSize> text;
  for (size_t i = kLsnTextSize; i-- > 0; lsn /= 36)
    text[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36];
  return text;
}

std::optional<Lsn> parse_lsn_text(std::string_view text) {
  if (text.size() != kLsnTextSize) return std::nullopt;
  Lsn value = 0;
  for (const char c : text) {
    const unsigned digit = digit_value(c);
    if (digit >= 36) return std::nullopt;
    if (__builtin_mul_overflow(value, uint64_t{36}, &value) || __builtin_add_overflow(value, digit, &value)) {
      return std::nullopt;
    }
  }
  if (value == kNoLsn) return std::nullopt;
  return value;
}

const char* storage_name_problem(std::string_view name) {
  if (name.empty()) return "the storage name is empty";
  if (name.size() > kStorageNameMax) return "the storage name is longer than 128 bytes";
  if (name[0] == '.') return "the storage name begins with '.'";
  for (const char c : name) {
    const bool allowed = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                         c == '.' || c == '_' || c == '-';
    if (!allowed) return "the storage name has a character other than A-Z, a-z, 0-9, '.', '_' and '-'";
  }
  return nullptr;
}

std::string partition_prefix(std::string_view storage, uint64_t partition) {
  std::string prefix;
  prefix.reserve(storage.size() + 22);
  prefix.append(storage);
  prefix += '/';
  append_decimal(prefix, partition);
  prefix += '/';
  return prefix;
}

std::string object_key(std::string_view storage, uint64_t partition, Range range, ObjectKind kind) {
  std::string key;
  key.reserve(storage.size() + 22 + 2 * kLsnTextSize + 10);
  key.append(storage);
  key += '/';
  append_decimal(key, partition);
  key += '/';
  append_lsn(key, range.last);
  if (kind != ObjectKind::kArchive || range.first != range.last) {
    key += '-';
    append_lsn(key, range.first);
  }
  key += suffix_of(kind);
  return key;
}

std::optional<ParsedName> parse_object_name(std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const Suffix* const suffix =
      std::find_if(std::begin(kSuffixes), std::end(kSuffixes),
                   [&](const Suffix& known) { return known.text == name.substr(dot); });
  if (suffix == std::end(kSuffixes)) return std::nullopt;
  const bool is_archive = suffix->kind == ObjectKind::kArchive;
  const auto last = parse_lsn_text(name.substr(0, std::min(dot, kLsnTextSize)));
  if (!last) return std::nullopt;
  if (dot == kLsnTextSize) {
    if (!is_archive) return std::nullopt;
    return ParsedName{{*last, *last}, ObjectKind::kArchive};
  }
  if (dot != 2 * kLsnTextSize + 1 || name[kLsnTextSize] != '-') return std::nullopt;
  const auto first = parse_lsn_text(name.substr(kLsnTextSize + 1, kLsnTextSize));
  if (!first || *first > *last) return std::nullopt;
  // A single entry has the short name only; what was pruned, or never there, begins with the first LSN.
  if (is_archive && *first == *last) return std::nullopt;
  const bool is_beginning = suffix->kind == ObjectKind::kPruned || suffix->kind == ObjectKind::kOrigin;
  if (is_beginning && *first != 1) return std::nullopt;
  return ParsedName{{*first, *last}, suffix->kind};
}

std::optional<ParsedFolder> parse_folder(std::string_view key) {
  const size_t storage_end = key.find('/');
  if (storage_end == std::string_view::npos) return std::nullopt;
  const size_t partition_end = key.find('/', storage_end + 1);
  if (partition_end == std::string_view::npos) return std::nullopt;
  const std::string_view storage = key.substr(0, storage_end);
  if (storage_name_problem(storage) != nullptr) return std::nullopt;
  const auto partition = parse_decimal(key.substr(storage_end + 1, partition_end - storage_end - 1));
  if (!partition) return std::nullopt;
  return ParsedFolder{storage, *partition, key.substr(partition_end + 1)};
}

std::optional<ParsedKey> parse_object_key(std::string_view key) {
  const auto folder = parse_folder(key);
  if (!folder) return std::nullopt;
  const auto name = parse_object_name(folder->name);
  if (!name) return std::nullopt;
  return ParsedKey{folder->storage, folder->partition, *name};
}

}  // namespace tidemark::core
