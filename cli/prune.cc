#include <cassert>
#include <chrono>

#include "console.h"
#include "format/lsn.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The first LSN of the oldest archive that is younger than the span; the newest archive always counts as
// such, so that a partition with nothing new keeps a place to continue from. 1: nothing is old enough.
Result<uint64_t> first_young(Archive& archive, const PruneOptions& options, Stop& stop) {
  const int64_t cutoff_us = now_us() - *options.older_than_us;
  uint64_t before = 1;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind != TIDEMARK_STORED_ARCHIVE) return true;
    before = stored.first;
    return stored.modified_us < cutoff_us;
  };
  TM_TRY(archive.scan(options.scope, 0, visit, stop));
  return before;
}

}  // namespace

int run_prune(const PruneOptions& options) {
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  Output output(options.json);
  Stop stop;
  assert(options.before.has_value() != options.older_than_us.has_value());
  uint64_t before = options.before.value_or(1);
  if (options.older_than_us) {
    auto found = first_young(**archive, options, stop);
    if (!found) return fail_with(found.error());
    before = *found;
  }
  const std::string name = partition_text(options.scope.storage, *options.scope.partition);
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
