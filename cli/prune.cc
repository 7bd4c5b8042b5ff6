#include <algorithm>
#include <cassert>
#include <optional>

#include "base/wall_clock.h"
#include "console.h"
#include "format/lsn.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

struct Newest {
  uint64_t last = 0;  // of what is stored, records included; 0: nothing is
  std::optional<Stored> archive;
  // The first LSN of the oldest archive that is younger than the span; 1: nothing is old enough.
  uint64_t first_young = 1;
};

Result<Newest> find_newest(Archive& archive, const PruneOptions& options, Stop& stop) {
  const int64_t cutoff_us = wall_clock_us() - options.older_than_us.value_or(0);
  if (options.older_than_us) archive.tell_when_made(cutoff_us);
  Newest newest;
  bool is_young = false;
  const auto visit = [&](const Stored& stored) {
    newest.last = std::max(newest.last, stored.last);
    if (stored.kind != TIDEMARK_STORED_ARCHIVE) return true;
    newest.archive = stored;
    if (is_young) return true;
    is_young = stored.modified_us >= cutoff_us;
    newest.first_young = is_young ? stored.first : stored.last + 1;
    return true;
  };
  TM_TRY(archive.scan(options.scope, 0, visit, stop));
  return newest;
}

// Every archive before this LSN goes. The newest stays unless it is asked for, so that a partition keeps a
// place to continue from.
Result<uint64_t> find_end(Archive& archive, const PruneOptions& options, const std::string& name,
                          Stop& stop) {
  TM_ASSIGN(const Newest newest, find_newest(archive, options, stop));
  if (newest.last == 0) {
    return Error{kExitData, "nothing of " + name + " is there to prune (tidemark info shows what is)"};
  }
  if (options.before && !options.all && *options.before - 1 > newest.last) {
    return usage_error(name + " ends at LSN " + both(newest.last) + ", and --before " +
                       std::to_string(*options.before) +
                       " lies beyond that; nothing was removed (with --all everything goes)");
  }
  const uint64_t before = options.before.value_or(newest.first_young);
  if (options.all || !newest.archive || before <= newest.archive->last) return before;
  console().print("the newest archive stays, " + printable(newest.archive->key) + " (--all removes it too)");
  return newest.archive->last;
}

}  // namespace

int run_prune(const PruneOptions& options) {
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  Output output(options.json);
  Stop stop;
  assert(options.before.has_value() != options.older_than_us.has_value());
  const std::string name = partition_text(options.scope.storage, *options.scope.partition);
  const auto end = find_end(**archive, options, name, stop);
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
      (*archive)->prune(options.scope.storage, *options.scope.partition, before, !options.yes, visit, stop);
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

}  // namespace tidemark::cli
