#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/wall_clock.h"
#include "console.h"
#include "each_partition.h"
#include "format/lsn.h"
#include "nothing.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

struct Found {
  uint64_t last = 0;  // of what is stored, records included; 0: nothing is
  std::optional<Stored> newest;
  // The first LSN of the oldest archive that stays; 1: none goes.
  uint64_t first_kept = 1;
  uint64_t archives = 0, size_bytes = 0;
};

// Which archives stay by their time.
Result<Found> look(Archive& archive, const PruneOptions& options, Stop& stop) {
  const int64_t cutoff_us = wall_clock_us() - options.older_than_us.value_or(0);
  if (options.older_than_us) archive.tell_when_made(cutoff_us);
  Found found;
  bool is_young = false;
  const auto visit = [&](const Stored& stored) {
    found.last = std::max(found.last, stored.last);
    if (stored.kind != TIDEMARK_STORED_ARCHIVE) return true;
    ++found.archives;
    found.size_bytes += stored.size_bytes;
    found.newest = stored;
    if (is_young) return true;
    is_young = stored.modified_us >= cutoff_us;
    found.first_kept = is_young ? stored.first : stored.last + 1;
    return true;
  };
  TM_TRY(archive.scan(options.scope, 0, visit, stop));
  return found;
}

// Which archives stay by their number or size: counted from the oldest on, so that memory does not grow.
Result<uint64_t> first_kept_by_amount(Archive& archive, const PruneOptions& options, const Found& found,
                                      Stop& stop) {
  uint64_t archives = found.archives, size_bytes = found.size_bytes, first_kept = 1;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind != TIDEMARK_STORED_ARCHIVE) return true;
    first_kept = stored.first;
    const bool fits = archives <= options.keep_archives.value_or(UINT64_MAX) &&
                      size_bytes <= options.keep_bytes.value_or(UINT64_MAX);
    if (fits || archives == 0) return false;  // more of them than a moment ago
    --archives;
    size_bytes -= std::min(size_bytes, stored.size_bytes);
    first_kept = stored.last + 1;
    return true;
  };
  TM_TRY(archive.scan(options.scope, 0, visit, stop));
  return first_kept;
}

// Every archive before this LSN goes. The newest stays unless it is asked for, so that a partition keeps a
// place to continue from.
Result<uint64_t> find_end(Archive& archive, const PruneOptions& options, const std::string& name,
                          Stop& stop) {
  TM_ASSIGN(const Found found, look(archive, options, stop));
  if (found.last == 0) {
    return Error{kExitData, "nothing of " + name + " is there to prune (tidemark info shows what is)"};
  }
  if (options.before && !options.all && *options.before - 1 > found.last) {
    return usage_error(name + " ends at LSN " + both(found.last) + ", and --before " +
                       std::to_string(*options.before) +
                       " lies beyond that; nothing was removed (with --all everything goes)");
  }
  uint64_t before = options.before.value_or(found.first_kept);
  if (options.keep_archives || options.keep_bytes) {
    TM_ASSIGN(before, first_kept_by_amount(archive, options, found, stop));
  }
  if (options.all || !found.newest || before <= found.newest->last) return before;
  console().print("the newest archive stays, " + printable(found.newest->key) + " (--all removes it too)");
  return found.newest->last;
}

int prune_partition(const PruneOptions& options, Archive& archive) {
  Output output(options.json);
  Stop stop;
  const std::string name = partition_text(options.scope.storage, *options.scope.partition);
  const auto end = find_end(archive, options, name, stop);
  if (!end) return fail_with(end.error());
  const uint64_t before = *end;
  uint64_t archives = 0, records = 0, bytes = 0;
  Progress progress;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ARCHIVE) {
      ++archives;
    } else {
      ++records;
    }
    bytes += stored.size_bytes;
    Json object = stored_json(stored);
    object["removed"] = options.yes;
    output.object(object);
    output.line((options.yes ? "removed " : "would remove ") + printable(stored.key) + "  " +
                output.bytes(stored.size_bytes) + "  " + output.time(stored.modified_us));
    progress.update(archives, bytes, 0);
  };
  auto pruned =
      archive.prune(options.scope.storage, *options.scope.partition, before, !options.yes, visit, stop);
  Json summary;
  summary["type"] = "summary";
  summary["before"] = before;
  summary["before_key"] = "@" + lsn_text(before);
  summary["archives"] = archives;
  summary["records"] = records;
  summary["size_bytes"] = bytes;
  summary["removed"] = options.yes;
  summary["complete"] = static_cast<bool>(pruned);
  output.object(summary);
  const std::string what = count_text(archives, "archive", "archives") + " and " +
                           count_text(records, "record", "records") + ", " + output.bytes(bytes);
  if (options.yes) {
    output.line("removed " + what + " of " + name + (pruned ? " below LSN " + both(before) : std::string()));
  } else if (pruned) {
    output.line("would remove " + what + " of " + name + " below LSN " + both(before) + "; --yes does it");
  }
  if (!pruned) {
    (void)output.finish();
    return fail_with(pruned.error());
  }
  return finish(output, kExitOk);
}

}  // namespace

int run_prune(const PruneOptions& options) {
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  if (options.scope.partition) return prune_partition(options, **archive);
  Stop stop;
  const auto partitions = find_partitions(**archive, options.scope, stop);
  if (!partitions) return fail_with(partitions.error());
  if (partitions->empty()) return tell_nothing(**archive, options, "", stop);
  return each_partition(*partitions, options.json, options.yes ? "pruned" : "looked at", "",
                        [&](const PartitionName& name) {
                          PruneOptions one = options;
                          one.scope = {name.storage, name.id};
                          return prune_partition(one, **archive);
                        });
}

}  // namespace tidemark::cli
