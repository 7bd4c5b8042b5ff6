#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/wall_clock.h"
#include "console.h"
#include "each_partition.h"
#include "find_partitions.h"
#include "format/lsn.h"
#include "history.h"
#include "nothing.h"
#include "run_metrics.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

// What all partitions of a run have removed. Any thread.
class PruneProgress {
 public:
  void add(const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ARCHIVE) ++archives_;
    bytes_ += stored.size_bytes;
    progress_.update(archives_.load(), bytes_.load(), 0);
  }
  void measure(RunMetrics& metrics, bool is_done) const {
    metrics.set("dry_run", "1 if it only said what would go, which the next two then count", is_done ? 0 : 1);
    metrics.set("removed_archives", "Archives that were removed", static_cast<double>(archives_.load()));
    metrics.set("removed_bytes", "Bytes that were removed, of records too",
                static_cast<double>(bytes_.load()));
  }

 private:
  std::atomic<uint64_t> archives_{0}, bytes_{0};
  Progress progress_;
};

struct Found {
  uint64_t last = 0;  // of what is stored, records included; 0: nothing is
  std::optional<Stored> newest;
  // The first LSN of the oldest archive that stays; 1: none goes.
  uint64_t first_kept = 1;
  uint64_t archives = 0, size_bytes = 0;
};

// Which archives of the newest history stay by their time: the bound is one for all.
Result<Found> look(Histories& histories, const PruneOptions& options, Stop& stop) {
  const int64_t cutoff_us = wall_clock_us() - options.older_than_us.value_or(0);
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
  TM_TRY(histories.scan(options.scope, 0, visit, stop));
  return found;
}

// Which archives stay by their number or size: counted from the oldest on, so that memory does not grow.
Result<uint64_t> first_kept_by_amount(Histories& histories, const PruneOptions& options, const Found& found,
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
  TM_TRY(histories.scan(options.scope, 0, visit, stop));
  return first_kept;
}

// Every archive before this LSN goes. The newest stays unless it is asked for, so that a partition keeps a
// place to continue from.
Result<uint64_t> find_end(Histories& histories, const PruneOptions& options, const Output& output,
                          const std::string& name, Stop& stop) {
  TM_ASSIGN(const Found found, look(histories, options, stop));
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
    TM_ASSIGN(before, first_kept_by_amount(histories, options, found, stop));
  }
  if (options.all || !found.newest || before <= found.newest->last) return before;
  output.say("the newest archive stays, " + printable(found.newest->key) + " (--all removes it too)");
  return found.newest->last;
}

void tell_removal(Output& output, const Stored& stored, bool is_done) {
  Json object = stored_json(stored);
  object["removed"] = is_done;
  output.object(object);
  output.line((is_done ? "removed " : "would remove ") + printable(stored.key) + "  " +
              output.bytes(stored.size_bytes) + "  " + output.time(stored.modified_us));
}

PartitionOutcome prune_partition(const PruneOptions& options, Histories& histories, PruneProgress& progress) {
  const std::string name = partition_text(options.scope.storage, *options.scope.partition);
  Output output(options.json, name);
  Stop stop;
  const auto end = find_end(histories, options, output, name, stop);
  if (!end) return outcome_of(end.error());
  const uint64_t before = *end;
  uint64_t archives = 0, records = 0, bytes = 0;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ARCHIVE) {
      ++archives;
    } else {
      ++records;
    }
    bytes += stored.size_bytes;
    tell_removal(output, stored, options.yes);
    progress.add(stored);
  };
  auto pruned = histories.archive().prune(options.scope.storage, *options.scope.partition, before,
                                          !options.yes, visit, stop);
  PartitionOutcome outcome;
  if (!pruned) outcome = outcome_of(pruned.error());
  Json& summary = outcome.summary;
  summary["type"] = "summary";
  summary["storage"] = options.scope.storage;
  summary["partition"] = *options.scope.partition;
  summary["before"] = before;
  summary["before_key"] = "@" + lsn_text(before);
  summary["archives"] = archives;
  summary["records"] = records;
  summary["size_bytes"] = bytes;
  summary["removed"] = options.yes;
  summary["complete"] = static_cast<bool>(pruned);
  const std::string what = count_text(archives, "archive", "archives") + " and " +
                           count_text(records, "record", "records") + ", " + output.bytes(bytes);
  if (options.yes) {
    outcome.row = "removed " + what + " of " + name + (pruned ? " below LSN " + both(before) : std::string());
  } else if (pruned) {
    outcome.row = "would remove " + what + " of " + name + " below LSN " + both(before) + "; --yes does it";
  }
  if (auto written = output.finish(); !written)
    outcome.code = output.is_unread() ? int{kExitPipe} : int{written.error().exit_code};
  return outcome;
}

// Of a history that is dead: of all partitions, its epochs last.
int prune_branch(const PruneOptions& options, Archive& archive, PruneProgress& progress) {
  Output output(options.json, options.scope.storage);
  Stop stop;
  uint64_t archives = 0, records = 0, bytes = 0;
  const auto visit = [&](const Stored& stored) {
    ++(stored.kind == TIDEMARK_STORED_ARCHIVE ? archives : records);
    bytes += stored.size_bytes;
    tell_removal(output, stored, options.yes);
    progress.add(stored);
  };
  const auto pruned = archive.prune_branch(options.scope.storage, *options.branch, !options.yes, visit, stop);
  PartitionOutcome outcome;
  if (!pruned) outcome = outcome_of(pruned.error());
  Json& summary = outcome.summary;
  summary["type"] = "summary";
  summary["storage"] = options.scope.storage;
  summary["epoch"] = *options.branch;
  summary["archives"] = archives;
  summary["records"] = records;
  summary["size_bytes"] = bytes;
  summary["removed"] = options.yes;
  summary["complete"] = static_cast<bool>(pruned);
  const std::string what = count_text(archives, "archive", "archives") + " and " +
                           count_text(records, "record", "records") + ", " + output.bytes(bytes) +
                           " that only epoch " + std::to_string(*options.branch) + " of " +
                           options.scope.storage + " has";
  if (options.yes && (pruned || archives + records > 0)) {
    outcome.row = "removed " + what;
  } else if (pruned) {
    outcome.row = "would remove " + what + "; --yes does it";
  }
  return tell_outcome(output, outcome);
}

int prune(const PruneOptions& options, PruneProgress& progress) {
  auto archive = Archive::open_existing(options.archive);
  if (!archive) return fail_with(archive.error());
  Histories histories(**archive, std::nullopt);
  if (options.branch) return prune_branch(options, **archive, progress);
  const auto tell_when_made = [&] {
    if (options.older_than_us) (*archive)->tell_when_made();
  };
  if (options.scope.partition) {
    tell_when_made();
    Output output(options.json);
    return tell_outcome(output, prune_partition(options, histories, progress));
  }
  Stop stop;
  Irregular irregular;
  const auto partitions = find_partitions(histories, options.scope, options.jobs, irregular);
  if (!partitions) return fail_with(partitions.error());
  if (partitions->empty()) return tell_nothing(**archive, options, "", stop);
  tell_when_made();  // not for the listing above
  const auto outcomes = side_by_side(partitions->size(), options.jobs, *partitions, [&](size_t i) {
    PruneOptions one = options;
    one.scope = {(*partitions)[i].storage, (*partitions)[i].id};
    return prune_partition(one, histories, progress);
  });
  return tell_total(*partitions, irregular, outcomes, options.json, options.yes ? "pruned" : "looked at", "");
}

}  // namespace

int run_prune(const PruneOptions& options) {
  RunMetrics metrics("prune", options.metrics);
  if (const auto may = metrics.check(); !may) return fail_with(may.error());
  PruneProgress progress;
  const int code = prune(options, progress);
  progress.measure(metrics, options.yes);
  return metrics.finish(code, options.yes);
}

}  // namespace tidemark::cli
