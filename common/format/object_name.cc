#include "format/object_name.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <iterator>

namespace tidemark {
namespace {

struct Suffix {
  std::string_view text;
  ObjectKind kind;
  Coding coding = Coding::kNone;
};
constexpr Suffix kSuffixes[] = {{".tar.zst.age", ObjectKind::kArchive, Coding::kZstdAge},
                                {".tar.zst", ObjectKind::kArchive, Coding::kZstd},
                                {".tar.age", ObjectKind::kArchive, Coding::kAge},
                                {".tar", ObjectKind::kArchive},
                                {".gap", ObjectKind::kGap},
                                {".accepted", ObjectKind::kAccepted},
                                {".pruned", ObjectKind::kPruned},
                                {".origin", ObjectKind::kOrigin}};

constexpr std::string_view suffix_of(ObjectKind kind, Coding coding) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.kind == kind && suffix.coding == coding) return suffix.text;
  }
  return {};
}

constexpr std::string_view kEpochMark = ".e";
constexpr std::string_view kEpochFolder = "/epoch/";
constexpr std::string_view kEpochSuffix = ".epoch";

void append_decimal(std::string& out, uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// Takes ".e<epoch>[-<begun>]" off the front of what follows the LSNs; the first epoch is never written.
bool take_epoch(std::string_view& rest, ParsedName& name) {
  if (rest.size() <= kEpochMark.size() || !rest.starts_with(kEpochMark)) return true;
  const size_t end = rest.find('.', kEpochMark.size());
  if (end == std::string_view::npos) return false;
  std::string_view words = rest.substr(kEpochMark.size(), end - kEpochMark.size());
  if (const size_t dash = words.find('-'); dash != std::string_view::npos) {
    const auto begun = parse_lsn_text(words.substr(dash + 1));
    if (!begun) return false;
    name.begun = *begun;
    words = words.substr(0, dash);
  }
  const auto number = parse_decimal(words);
  if (!number || *number <= kFirstEpoch) return false;
  name.epoch = *number;
  rest.remove_prefix(end);
  return true;
}

// Only an archive says where its epoch began, and only if that lies before it.
bool may_have_begun(const ParsedName& name) {
  return name.begun == kNoLsn || (name.kind == ObjectKind::kArchive && name.begun < name.range.first);
}

std::optional<ParsedKey> parse_epoch_key(std::string_view key) {
  const size_t storage_end = key.find('/');
  if (storage_end == std::string_view::npos) return std::nullopt;
  const std::string_view storage = key.substr(0, storage_end);
  std::string_view rest = key.substr(storage_end);
  if (!rest.starts_with(kEpochFolder) || !rest.ends_with(kEpochSuffix)) return std::nullopt;
  rest.remove_prefix(kEpochFolder.size());
  if (rest.size() != kLsnTextSize + kEpochSuffix.size()) return std::nullopt;
  const auto number = parse_lsn_text(rest.substr(0, kLsnTextSize));
  if (!number || storage_name_problem(storage) != nullptr) return std::nullopt;
  return ParsedKey{storage, 0, {{}, ObjectKind::kEpoch, *number, Coding::kNone}};
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

std::string object_key(std::string_view storage, uint64_t partition, const ParsedName& name) {
  assert(name.kind == ObjectKind::kArchive || name.coding == Coding::kNone);
  assert(name.epoch >= kFirstEpoch && may_have_begun(name) &&
         (name.begun == kNoLsn || name.epoch > kFirstEpoch));
  std::string key;
  key.reserve(storage.size() + 22 + 3 * kLsnTextSize + 36);
  key.append(storage);
  if (name.kind == ObjectKind::kEpoch) {
    return key.append(kEpochFolder).append(lsn_text(name.epoch)).append(kEpochSuffix);
  }
  key += '/';
  append_decimal(key, partition);
  key += '/';
  key += lsn_text(name.range.last);
  if (name.kind != ObjectKind::kArchive || name.range.first != name.range.last) {
    key += '-';
    key += lsn_text(name.range.first);
  }
  if (name.epoch != kFirstEpoch) {
    key += kEpochMark;
    append_decimal(key, name.epoch);
    if (name.begun != kNoLsn) {
      key += '-';
      key += lsn_text(name.begun);
    }
  }
  key += suffix_of(name.kind, name.coding);
  return key;
}

std::string_view coding_suffix(Coding coding) {
  constexpr std::string_view kPlain = suffix_of(ObjectKind::kArchive, Coding::kNone);
  return suffix_of(ObjectKind::kArchive, coding).substr(kPlain.size());
}

std::string archive_stem(std::string_view storage, uint64_t partition, const ParsedName& name) {
  std::string key = object_key(storage, partition,
                               {name.range, ObjectKind::kArchive, name.epoch, Coding::kNone, name.begun});
  key.resize(key.size() - suffix_of(ObjectKind::kArchive, Coding::kNone).size());
  return key;
}

std::string object_key(std::string_view storage, uint64_t partition, Range range, ObjectKind kind) {
  return object_key(storage, partition, {range, kind});
}

std::optional<ParsedName> parse_object_name(std::string_view name) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  ParsedName parsed;
  std::string_view rest = name.substr(dot);
  if (!take_epoch(rest, parsed)) return std::nullopt;
  const Suffix* const suffix = std::find_if(std::begin(kSuffixes), std::end(kSuffixes),
                                            [&](const Suffix& known) { return known.text == rest; });
  if (suffix == std::end(kSuffixes)) return std::nullopt;
  parsed.kind = suffix->kind;
  parsed.coding = suffix->coding;
  const bool is_archive = parsed.kind == ObjectKind::kArchive;
  const auto last = parse_lsn_text(name.substr(0, std::min(dot, kLsnTextSize)));
  if (!last) return std::nullopt;
  parsed.range = {*last, *last};
  if (dot == kLsnTextSize) return is_archive && may_have_begun(parsed) ? std::optional(parsed) : std::nullopt;
  if (dot != 2 * kLsnTextSize + 1 || name[kLsnTextSize] != '-') return std::nullopt;
  const auto first = parse_lsn_text(name.substr(kLsnTextSize + 1, kLsnTextSize));
  if (!first || *first > *last) return std::nullopt;
  // A single entry has the short name only; what was pruned, or never there, begins with the first LSN.
  if (is_archive && *first == *last) return std::nullopt;
  const bool is_beginning = parsed.kind == ObjectKind::kPruned || parsed.kind == ObjectKind::kOrigin;
  if (is_beginning && *first != 1) return std::nullopt;
  parsed.range.first = *first;
  return may_have_begun(parsed) ? std::optional(parsed) : std::nullopt;
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
  if (const auto epoch = parse_epoch_key(key)) return epoch;
  const auto folder = parse_folder(key);
  if (!folder) return std::nullopt;
  const auto name = parse_object_name(folder->name);
  if (!name) return std::nullopt;
  return ParsedKey{folder->storage, folder->partition, *name};
}

}  // namespace tidemark
