#include "tool/catalog.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/line.h"
#include "format/lsn.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kHolesShown = 8;

std::string_view next_line(std::string_view* text) {
  const size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

std::string_view after(std::string_view line, std::string_view name) {
  return line.starts_with(name) ? line.substr(name.size()) : std::string_view();
}

std::optional<uint32_t> parse_hex(std::string_view text) {
  uint32_t value = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || problem != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

// Collects one timeline's names in order.
class SegmentSurvey {
 public:
  explicit SegmentSurvey(Timeline& timeline) : timeline_(timeline) {}

  void add(const Object& object) {
    const bool is_start = object.kind == TIDEMARK_STORED_PRUNED || object.kind == TIDEMARK_STORED_ORIGIN;
    if (is_start) expected_ = std::max(expected_, object.last + 1);
    if (object.kind != TIDEMARK_STORED_ARCHIVE || object.last == 0) return;
    ++timeline_.archives;
    timeline_.bytes += object.size_bytes;
    if (timeline_.first == 0) timeline_.first = object.first;
    if (expected_ != 0 && object.first > expected_) {
      ++timeline_.hole_count;
      if (timeline_.holes.size() < kHolesShown) timeline_.holes.emplace_back(expected_, object.first - 1);
    }
    expected_ = std::max(expected_, object.last + 1);
    timeline_.last = std::max(timeline_.last, object.last);
  }

 private:
  Timeline& timeline_;
  uint64_t expected_ = 0;
};

Status read_segments(Archive& archive, const Cluster& cluster, Catalog* catalog) {
  std::map<uint32_t, SegmentSurvey> surveys;
  return archive.scan(segment_storage(cluster), std::nullopt, 0, [&](const Object& object) {
    if (object.partition == 0 || object.partition > UINT32_MAX) return true;
    const auto number = static_cast<uint32_t>(object.partition);
    Timeline& timeline = catalog->timelines[number];
    timeline.number = number;
    surveys.try_emplace(number, timeline).first->second.add(object);
    return true;
  });
}

// The places of all files of a storage in which each file has a partition.
Result<std::vector<Place>> small_places(Archive& archive, const std::string& storage) {
  std::vector<Place> places;
  TM_TRY(archive.scan(storage, std::nullopt, 0, [&](const Object& object) {
    const bool is_new = places.empty() || places.back().partition != object.partition;
    if (object.kind == TIDEMARK_STORED_ARCHIVE && is_new) places.push_back({storage, object.partition, 1});
    return true;
  }));
  return places;
}

Status read_histories(Archive& archive, const Cluster& cluster, Catalog* catalog) {
  TM_ASSIGN(const auto places, small_places(archive, history_storage(cluster.system_identifier)));
  for (const Place& place : places) {
    if (place.partition == 0 || place.partition > UINT32_MAX) continue;
    const auto number = static_cast<uint32_t>(place.partition);
    TM_ASSIGN(const std::string text, archive.read_small(place));
    auto ancestors = parse_history(text);
    if (!ancestors) return fail(TIDEMARK_E_CORRUPT, history_name(number) + " is no history of a timeline");
    Timeline& timeline = catalog->timelines[number];
    timeline.number = number;
    timeline.has_history = true;
    timeline.ancestors = *std::move(ancestors);
  }
  return {};
}

Status read_backups(Archive& archive, const Cluster& cluster, Catalog* catalog) {
  TM_ASSIGN(const auto names, archive.storages());
  const std::string prefix = std::to_string(cluster.system_identifier) + ".backup.";
  for (const std::string& name : names) {
    if (!name.starts_with(prefix)) continue;
    TM_ASSIGN(const auto places, small_places(archive, name));
    for (const Place& place : places) {
      const auto file = file_at(place.storage, place.partition, 1, cluster);
      if (!file) continue;
      TM_ASSIGN(const std::string text, archive.read_small(place));
      auto backup = parse_backup(text, *file, cluster);
      if (!backup)
        return fail(TIDEMARK_E_CORRUPT, wal_name(*file, cluster) + " is no label of a base backup");
      catalog->backups.push_back(*std::move(backup));
    }
  }
  std::sort(catalog->backups.begin(), catalog->backups.end(), [](const Backup& one, const Backup& other) {
    return std::pair(one.start, one.timeline) < std::pair(other.start, other.timeline);
  });
  return {};
}

}  // namespace

std::optional<uint64_t> parse_position(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto high = parse_hex(text.substr(0, slash)), low = parse_hex(text.substr(slash + 1));
  if (!high || !low) return std::nullopt;
  return uint64_t{*high} << 32 | *low;
}

std::string position_text(uint64_t position) {
  char text[24];
  const int size = std::snprintf(text, sizeof(text), "%X/%X", static_cast<unsigned>(position >> 32),
                                 static_cast<unsigned>(position & UINT32_MAX));
  return {text, static_cast<size_t>(size)};
}

std::optional<std::vector<Fork>> parse_history(std::string_view text) {
  std::vector<Fork> ancestors;
  while (!text.empty()) {
    std::string_view line = next_line(&text);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line.front() == '#') continue;
    const size_t number_end = line.find('\t');
    if (number_end == std::string_view::npos) return std::nullopt;
    const size_t position_end = line.find('\t', number_end + 1);
    const auto number = parse_decimal(line.substr(0, number_end));
    const auto position = parse_position(line.substr(number_end + 1, position_end == std::string_view::npos
                                                                         ? position_end
                                                                         : position_end - number_end - 1));
    if (!number || *number == 0 || *number > UINT32_MAX || !position) return std::nullopt;
    ancestors.push_back(
        {static_cast<uint32_t>(*number), *position,
         position_end == std::string_view::npos ? "" : clean_line(line.substr(position_end + 1))});
  }
  if (ancestors.empty()) return std::nullopt;
  return ancestors;
}

std::optional<Backup> parse_backup(std::string_view text, const WalFile& file, const Cluster& cluster) {
  Backup backup;
  backup.timeline = file.timeline;
  backup.name = wal_name(file, cluster);
  while (!text.empty()) {
    const std::string_view line = next_line(&text);
    const auto position_after = [line](std::string_view name) -> uint64_t {
      const std::string_view rest = after(line, name);
      return parse_position(rest.substr(0, rest.find(' '))).value_or(0);
    };
    if (line.starts_with("START WAL LOCATION: ")) backup.start = position_after("START WAL LOCATION: ");
    if (line.starts_with("STOP WAL LOCATION: ")) backup.stop = position_after("STOP WAL LOCATION: ");
    if (line.starts_with("LABEL: ")) backup.label = clean_line(after(line, "LABEL: "));
    if (line.starts_with("STOP TIME: ")) backup.stop_time = clean_line(after(line, "STOP TIME: "));
  }
  const bool is_its = backup.start == file.segment * cluster.segment_bytes + file.offset;
  if (!is_its || backup.stop < backup.start) return std::nullopt;
  return backup;
}

Result<Catalog> read_catalog(Archive& archive, const Cluster& cluster) {
  Catalog catalog;
  TM_TRY(read_segments(archive, cluster, &catalog));
  TM_TRY(read_histories(archive, cluster, &catalog));
  TM_TRY(read_backups(archive, cluster, &catalog));
  return catalog;
}

std::map<uint32_t, uint64_t> keep_from(const Catalog& catalog, size_t oldest, const Cluster& cluster) {
  std::map<uint32_t, uint64_t> from;
  const auto keep = [&from](uint32_t timeline, uint64_t segment) {
    const auto [found, is_new] = from.try_emplace(timeline, segment);
    if (!is_new) found->second = std::min(found->second, segment);
  };
  // By position: a backup of whatever timeline that starts before the oldest one is not kept.
  const uint64_t segment = catalog.backups[oldest].start / cluster.segment_bytes;
  for (size_t i = oldest; i < catalog.backups.size(); ++i) {
    const uint32_t number = catalog.backups[i].timeline;
    keep(number, segment);
    const auto timeline = catalog.timelines.find(number);
    if (timeline == catalog.timelines.end()) continue;
    for (const Fork& ancestor : timeline->second.ancestors) keep(ancestor.parent, segment);
  }
  return from;
}

}  // namespace tidemark::postgres
