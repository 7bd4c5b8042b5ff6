#include "bridge/wal_names.h"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "format/lsn.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kHexDigits = 8;
constexpr size_t kSegmentDigits = 3 * kHexDigits;
constexpr std::string_view kHistory = ".history", kBackup = ".backup", kPartial = ".partial";
constexpr std::string_view kTo = ".to.";
constexpr uint32_t kMiB = uint32_t{1} << 20;

// Exactly 8 digits, upper case.
std::optional<uint32_t> parse_part(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  uint32_t value = 0;
  if (text.size() != kHexDigits || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

std::string hex(uint64_t value) {
  std::string text(kHexDigits, '0');
  for (size_t i = kHexDigits; i-- > 0; value >>= 4) text[i] = "0123456789ABCDEF"[value & 15];
  return text;
}

std::string storage_name(uint64_t system_identifier, std::string_view rest) {
  return std::to_string(system_identifier).append(rest);
}

std::optional<uint32_t> parse_timeline(std::string_view text) {
  const auto number = parse_decimal(text);
  if (!number || *number == 0 || *number > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

std::string partial_storage(uint64_t system_identifier, const WalFile& file) {
  std::string name = storage_name(system_identifier, kPartial).append(".");
  name += std::to_string(file.timeline);
  if (file.promoted_to != 0) name.append(kTo).append(std::to_string(file.promoted_to));
  return name;
}

}  // namespace

bool is_segment_size(uint64_t bytes) {
  return bytes >= kMiB && bytes <= 1024 * uint64_t{kMiB} && (bytes & (bytes - 1)) == 0;
}

std::optional<WalFile> parse_wal_name(std::string_view name, const Cluster& cluster) {
  assert(is_segment_size(cluster.segment_bytes));
  const auto timeline = parse_part(name.substr(0, kHexDigits));
  if (!timeline || *timeline == 0) return std::nullopt;
  WalFile file;
  file.timeline = *timeline;
  if (name.substr(kHexDigits) == kHistory) {
    file.kind = WalKind::kHistory;
    return file;
  }
  if (name.size() < kSegmentDigits) return std::nullopt;
  const auto high = parse_part(name.substr(kHexDigits, kHexDigits));
  const auto low = parse_part(name.substr(2 * kHexDigits, kHexDigits));
  if (!high || !low || *low >= cluster.segments_in_file_id()) return std::nullopt;
  file.segment = *high * cluster.segments_in_file_id() + *low;
  if (file.segment == 0) return std::nullopt;
  const std::string_view rest = name.substr(kSegmentDigits);
  if (rest.empty()) return file;
  if (rest == kPartial) {
    file.kind = WalKind::kPartial;
    return file;
  }
  if (rest.size() != 1 + kHexDigits + kBackup.size() || rest.front() != '.' || !rest.ends_with(kBackup))
    return std::nullopt;
  const auto offset = parse_part(rest.substr(1, kHexDigits));
  if (!offset || *offset >= cluster.segment_bytes) return std::nullopt;
  file.kind = WalKind::kBackup;
  file.offset = *offset;
  return file;
}

std::string segment_name(uint32_t timeline, uint64_t segment, const Cluster& cluster) {
  return hex(timeline) + hex(segment / cluster.segments_in_file_id()) +
         hex(segment % cluster.segments_in_file_id());
}

std::string history_name(uint32_t timeline) { return hex(timeline).append(kHistory); }

std::string wal_name(const WalFile& file, const Cluster& cluster) {
  if (file.kind == WalKind::kHistory) return history_name(file.timeline);
  std::string name = segment_name(file.timeline, file.segment, cluster);
  if (file.kind == WalKind::kPartial) name += kPartial;
  if (file.kind == WalKind::kBackup) name.append(".").append(hex(file.offset)).append(kBackup);
  return name;
}

std::string kept_name(const WalFile& file, const Cluster& cluster) {
  std::string name = wal_name(file, cluster);
  if (file.promoted_to != 0) name.append(kTo).append(std::to_string(file.promoted_to));
  return name;
}

std::optional<WalFile> parse_kept_name(std::string_view name, const Cluster& cluster) {
  const size_t to = name.rfind(kTo);
  if (to == std::string_view::npos) return parse_wal_name(name, cluster);
  auto file = parse_wal_name(name.substr(0, to), cluster);
  if (!file || file->kind != WalKind::kPartial) return std::nullopt;
  const auto promoted_to = parse_timeline(name.substr(to + kTo.size()));
  if (!promoted_to) return std::nullopt;
  file->promoted_to = *promoted_to;
  return file;
}

std::string segment_storage(const Cluster& cluster) {
  return storage_name(cluster.system_identifier, "." + std::to_string(cluster.segment_bytes / kMiB) + "M");
}

std::string history_storage(uint64_t system_identifier) { return storage_name(system_identifier, kHistory); }

std::string backup_storage(uint64_t system_identifier, uint32_t timeline) {
  return storage_name(system_identifier, kBackup).append(".").append(std::to_string(timeline));
}

Place place_of(const WalFile& file, const Cluster& cluster) {
  const uint64_t identifier = cluster.system_identifier;
  switch (file.kind) {
    case WalKind::kSegment:
      break;
    case WalKind::kHistory:
      return {history_storage(identifier), file.timeline, 1};
    case WalKind::kBackup:
      return {backup_storage(identifier, file.timeline), file.segment * cluster.segment_bytes + file.offset,
              1};
    case WalKind::kPartial:
      return {partial_storage(identifier, file), file.segment, 1};
  }
  return {segment_storage(cluster), file.timeline, file.segment};
}

std::optional<WalFile> file_at(std::string_view storage, uint64_t partition, uint64_t lsn,
                               const Cluster& cluster) {
  const std::string identifier = std::to_string(cluster.system_identifier);
  if (!storage.starts_with(identifier) || partition == 0 || lsn == 0) return std::nullopt;
  const std::string_view rest = storage.substr(identifier.size());
  WalFile file;
  if (rest == "." + std::to_string(cluster.segment_bytes / kMiB) + "M") {
    if (partition > UINT32_MAX || lsn / cluster.segments_in_file_id() > UINT32_MAX) return std::nullopt;
    return WalFile{WalKind::kSegment, static_cast<uint32_t>(partition), lsn, 0};
  }
  if (lsn != 1) return std::nullopt;
  if (rest == kHistory) {
    if (partition > UINT32_MAX) return std::nullopt;
    return WalFile{WalKind::kHistory, static_cast<uint32_t>(partition), 0, 0};
  }
  const bool is_backup = rest.starts_with(kBackup);
  const size_t prefix = is_backup ? kBackup.size() : kPartial.size();
  if ((!is_backup && !rest.starts_with(kPartial)) || rest.size() < prefix + 2 || rest[prefix] != '.')
    return std::nullopt;
  std::string_view number = rest.substr(prefix + 1);
  if (const size_t to = number.find(kTo); !is_backup && to != std::string_view::npos) {
    const auto promoted_to = parse_timeline(number.substr(to + kTo.size()));
    if (!promoted_to) return std::nullopt;
    file.promoted_to = *promoted_to;
    number = number.substr(0, to);
  }
  const auto timeline = parse_timeline(number);
  if (!timeline) return std::nullopt;
  file.kind = is_backup ? WalKind::kBackup : WalKind::kPartial;
  file.timeline = *timeline;
  file.segment = is_backup ? partition / cluster.segment_bytes : partition;
  file.offset = is_backup ? static_cast<uint32_t>(partition % cluster.segment_bytes) : 0;
  if (file.segment == 0 || file.segment / cluster.segments_in_file_id() > UINT32_MAX) return std::nullopt;
  return file;
}

}  // namespace tidemark::postgres
