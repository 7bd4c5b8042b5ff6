#include "restore_counts.h"

#include "format/types.h"
#include "text.h"

namespace tidemark::cli {

Json summary_json(const RestoreOptions& options, const RestorePlan& plan, const RestoreCounts& counts,
                  bool complete) {
  uint64_t passed = 0;
  for (const Range& lost : plan.passed()) passed += size_of(lost);
  Json object;
  object["type"] = "summary";
  object.update(
      range_json(options.scope.storage, *options.scope.partition, plan.range().first, plan.range().last));
  object["entries"] = counts.restored;
  object["there_before"] = counts.there_before();
  object["different"] = counts.different;
  object["not_compared"] = counts.not_compared + counts.unproven;
  object["absent"] = counts.absent;
  object["passed"] = passed;
  object["archives"] = counts.archives;
  object["size_bytes"] = counts.bytes;
  object["complete"] = complete;
  return object;
}

std::string summary_text(const RestoreOptions& options, const RestorePlan& plan,
                         const RestoreCounts& counts) {
  const std::string what = partition_text(options.scope.storage, *options.scope.partition) + ", " +
                           range_text(plan.range().first, plan.range().last);
  const uint64_t there = counts.there_before();
  if (!options.check) {
    return "restored " + count_text(counts.restored, "entry", "entries") + " of " + what +
           (there > 0 ? ", of which " + std::to_string(there) + " were there already" : std::string());
  }
  return "compared " + count_text(there, "entry", "entries") + " of " + what + ": " +
         std::to_string(counts.same) + " the same, " + std::to_string(counts.different) + " different, " +
         std::to_string(counts.absent) + " absent, " + std::to_string(counts.not_compared + counts.unproven) +
         " not compared";
}

std::string problem_text(const std::string& path, const RestoreCounts& counts) {
  std::string text;
  const auto add = [&](uint64_t entries, const std::string& what) {
    if (entries > 0) text += (text.empty() ? "" : "; ") + count_text(entries, "entry", "entries") + what;
  };
  add(counts.different,
      " in " + path + (counts.different == 1 ? " differs" : " differ") +
          " from the archive and stayed; move them away and run the same again to get the archive's");
  add(counts.beyond, " in " + path + (counts.beyond == 1 ? " lies" : " lie") +
                         " after the end of this history: another one's, perhaps of an earlier restore; move "
                         "them away");
  add(counts.absent, std::string(counts.absent == 1 ? " is" : " are") + " absent in " + path);
  add(counts.unproven, " cannot be compared, because of what is wrong in the archive");
  return text;
}

std::string unreadable_text(const std::string& path, const RestoreCounts& counts) {
  if (counts.not_compared == 0) return {};
  return count_text(counts.not_compared, "entry", "entries") + " in " + path +
         " could not be read, so nothing is known of them; root can compare them";
}

}  // namespace tidemark::cli
