#include "format/object_name.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace tidemark {
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

void append_decimal(std::string& out, uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

}  // namespace

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
  key += lsn_text(range.last);
  if (kind != ObjectKind::kArchive || range.first != range.last) {
    key += '-';
    key += lsn_text(range.first);
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

}  // namespace tidemark
