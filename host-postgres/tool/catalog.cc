#include "tool/catalog.h"

#include <algorithm>
#include <utility>

#include "base/line.h"
#include "format/lsn.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kHolesShown = 8;

std::string_view after(std::string_view line, std::string_view name) {
  return line.starts_with(name) ? line.substr(name.size()) : std::string_view();
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

std::optional<Backup> parse_backup(std::string_view text, const WalFile& file, const Cluster& cluster) {
  Backup backup;
  backup.timeline = file.timeline;
  backup.name = wal_name(file, cluster);
  while (!text.empty()) {
    const std::string_view line = take_line(&text);
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
