#include "tool/verbs.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <vector>

#include "base/line.h"
#include "tool/catalog.h"
#include "tool/get.h"

namespace tidemark::postgres {

namespace {

std::string size_text(uint64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double amount = static_cast<double>(bytes);
  size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < std::size(units); ++unit) amount /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), unit == 0 ? "%.0f %s" : "%.1f %s", amount, units[unit]);
  return text;
}

Result<Catalog> open_catalog(const Target& target) {
  TM_ASSIGN(const auto archive, Archive::open(target.access));
  return read_catalog(*archive, target.cluster);
}

void print_timeline(const Timeline& timeline, const Cluster& cluster) {
  const auto name = [&](uint64_t segment) { return segment_name(timeline.number, segment, cluster); };
  std::printf("timeline %u", timeline.number);
  if (!timeline.ancestors.empty()) {
    const Fork& fork = timeline.ancestors.back();
    std::printf(" left timeline %u at %s (%s)", fork.parent, position_text(fork.position).c_str(),
                fork.reason.c_str());
  } else if (timeline.number != 1 && !timeline.has_history) {
    std::printf(" has no history in the archive");
  }
  if (timeline.last == 0) {
    std::printf(": no segments\n");
  } else {
    std::printf(": %s to %s, %s in %llu archives\n", name(timeline.first).c_str(),
                name(timeline.last).c_str(), size_text(timeline.bytes).c_str(),
                static_cast<unsigned long long>(timeline.archives));
  }
  for (const auto& [first, last] : timeline.holes)
    std::printf("  missing: %s to %s\n", name(first).c_str(), name(last).c_str());
  if (timeline.hole_count > timeline.holes.size())
    std::printf("  and %llu holes more\n",
                static_cast<unsigned long long>(timeline.hole_count - timeline.holes.size()));
}

// Two timelines that left the same one: a recovery to "latest" follows the one with the highest number.
void print_forks(const Catalog& catalog) {
  std::map<uint32_t, std::vector<uint32_t>> children;
  for (const auto& [number, timeline] : catalog.timelines) {
    if (!timeline.ancestors.empty()) children[timeline.ancestors.back().parent].push_back(number);
  }
  for (const auto& [parent, numbers] : children) {
    if (numbers.size() < 2) continue;
    std::printf("fork: timelines");
    for (const uint32_t number : numbers) std::printf(" %u", number);
    std::printf(" left timeline %u; recovery_target_timeline = 'latest' follows %u\n", parent,
                numbers.back());
  }
}

void print_backup(const Backup& backup, const Catalog& catalog, const Cluster& cluster) {
  const auto timeline = catalog.timelines.find(backup.timeline);
  const uint64_t first = backup.start / cluster.segment_bytes, last = backup.stop / cluster.segment_bytes;
  const bool is_whole = timeline != catalog.timelines.end() && timeline->second.first <= first &&
                        first <= timeline->second.last && last <= timeline->second.last;
  std::printf("%s  %s to %s  %s  \"%s\"%s\n", backup.name.c_str(), position_text(backup.start).c_str(),
              position_text(backup.stop).c_str(), backup.stop_time.c_str(), backup.label.c_str(),
              is_whole ? "" : "  its segments are not all there");
}

// The oldest backup that is kept, as an index.
Result<size_t> oldest_kept(const PruneWish& wish, const Catalog& catalog) {
  const auto& backups = catalog.backups;
  if (wish.oldest_backup.empty()) {
    if (wish.keep_backups == 0 || backups.size() < wish.keep_backups)
      return fail(TIDEMARK_E_NOT_FOUND, "there are " + std::to_string(backups.size()) +
                                            " base backups, and " + std::to_string(wish.keep_backups) +
                                            " are to be kept: nothing is to be pruned");
    return backups.size() - wish.keep_backups;
  }
  const auto found = std::find_if(backups.begin(), backups.end(),
                                  [&](const Backup& backup) { return backup.name == wish.oldest_backup; });
  if (found == backups.end())
    return fail(TIDEMARK_E_INVALID,
                quote(wish.oldest_backup) + " is not a backup in this archive; 'backups' lists them");
  return static_cast<size_t>(found - backups.begin());
}

// A backup without its own segments is worth nothing, and what is pruned for its sake is lost.
Status check_kept(const Catalog& catalog, size_t oldest, const Cluster& cluster) {
  for (size_t i = oldest; i < catalog.backups.size(); ++i) {
    const Backup& backup = catalog.backups[i];
    const auto found = catalog.timelines.find(backup.timeline);
    const uint64_t first = backup.start / cluster.segment_bytes, last = backup.stop / cluster.segment_bytes;
    const bool is_there = found != catalog.timelines.end() && found->second.first != 0 &&
                          found->second.first <= first && last <= found->second.last;
    if (!is_there)
      return fail(TIDEMARK_E_INVALID, backup.name + " is to be kept, and its own segments from " +
                                          segment_name(backup.timeline, first, cluster) +
                                          " on are not all in the archive: nothing was pruned");
  }
  return {};
}

struct Pruned {
  uint64_t objects = 0, bytes = 0;
};

Status prune_place(Archive& archive, const Place& place, uint64_t before, bool dry_run, Pruned* pruned) {
  return archive.prune(place.storage, place.partition, before, dry_run, [pruned](const Object& object) {
    ++pruned->objects;
    pruned->bytes += object.size_bytes;
    return true;
  });
}

Status prune_all(const PruneWish& wish, Archive& archive, const Catalog& catalog, size_t oldest) {
  const Cluster& cluster = wish.target.cluster;
  const auto from = keep_from(catalog, oldest, cluster);
  Pruned all;
  for (const auto& [number, timeline] : catalog.timelines) {
    const auto keep = from.find(number);
    if (timeline.last == 0) continue;
    if (keep == from.end()) {
      std::printf("timeline %u stays: it leads to no backup that is kept\n", number);
      continue;
    }
    const uint64_t before = std::min(keep->second, timeline.last + 1);
    Pruned pruned;
    TM_TRY(prune_place(archive, {segment_storage(cluster), number, 0}, before, !wish.yes, &pruned));
    std::printf("timeline %u: %llu objects, %s, before %s\n", number,
                static_cast<unsigned long long>(pruned.objects), size_text(pruned.bytes).c_str(),
                segment_name(number, before, cluster).c_str());
    all.bytes += pruned.bytes;
  }
  // Last, so that what was begun is seen as long as it is not finished.
  for (size_t i = 0; i < oldest; ++i) {
    const auto file = parse_wal_name(catalog.backups[i].name, cluster);
    if (!file) continue;
    TM_TRY(prune_place(archive, place_of(*file, cluster), 2, !wish.yes, &all));
    std::printf("backup %s\n", catalog.backups[i].name.c_str());
  }
  std::printf("%s %s%s\n", wish.yes ? "removed" : "would remove", size_text(all.bytes).c_str(),
              wish.yes ? "" : "; --yes does it");
  return {};
}

}  // namespace

int report(const Error& error) {
  std::fprintf(stderr, "tidemark-postgres: %s\n", clean_line(error.message).c_str());
  switch (error.status) {
    case TIDEMARK_E_CORRUPT:
      return kExitDamaged;
    case TIDEMARK_E_INVALID:
    case TIDEMARK_E_SEALED:
    case TIDEMARK_E_UNSUPPORTED:
      return kExitUsage;
    default:
      return kExitUnreachable;
  }
}

int run_timelines(const Target& target) {
  const auto catalog = open_catalog(target);
  if (!catalog) return report(catalog.error());
  bool is_well = !catalog->timelines.empty();
  for (const auto& [number, timeline] : catalog->timelines) {
    print_timeline(timeline, target.cluster);
    is_well = is_well && timeline.hole_count == 0;
  }
  if (catalog->timelines.empty()) std::printf("nothing of this cluster is in the archive\n");
  print_forks(*catalog);
  return is_well ? 0 : kExitNotWell;
}

int run_backups(const Target& target) {
  const auto catalog = open_catalog(target);
  if (!catalog) return report(catalog.error());
  for (const Backup& backup : catalog->backups) print_backup(backup, *catalog, target.cluster);
  if (catalog->backups.empty()) std::printf("no base backup is known to the archive\n");
  return catalog->backups.empty() ? kExitNotWell : 0;
}

int run_prune(const PruneWish& wish) {
  Access access = wish.target.access;
  access.read_only = !wish.yes;
  const auto archive = Archive::open(access);
  if (!archive) return report(archive.error());
  const auto catalog = read_catalog(**archive, wish.target.cluster);
  if (!catalog) return report(catalog.error());
  const auto oldest = oldest_kept(wish, *catalog);
  if (!oldest && oldest.error().status == TIDEMARK_E_NOT_FOUND) {
    std::printf("%s\n", oldest.error().message.c_str());
    return 0;
  }
  if (!oldest) return report(oldest.error());
  if (const Status kept = check_kept(*catalog, *oldest, wish.target.cluster); !kept)
    return report(kept.error());
  const Status pruned = prune_all(wish, **archive, *catalog, *oldest);
  return pruned ? 0 : report(pruned.error());
}

}  // namespace tidemark::postgres
