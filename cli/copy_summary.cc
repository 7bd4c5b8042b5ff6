#include "copy_summary.h"

#include "text.h"

namespace tidemark::cli {

void ComparedCounts::add(CopyCompared how) {
  switch (how) {
    case CopyCompared::kNothing:
      break;
    case CopyCompared::kFooters:
      ++by_footer;
      break;
    case CopyCompared::kTag:
      ++by_tag;
      break;
    case CopyCompared::kBodies:
      ++whole;
      break;
  }
}

void CopySummary::Counts::add(const Stored& stored) {
  ++(stored.kind == TIDEMARK_STORED_ARCHIVE ? archives : records);
  bytes += stored.size_bytes;
}

// A body may be damaged where it was not read.
std::string CopySummary::compared_text(bool reread) const {
  std::string ways;
  const auto add = [&](uint64_t count, const char* way) {
    if (count == 0) return;
    ways += ways.empty() ? "" : ", ";
    if (count != present.archives) ways += std::to_string(count) + " ";
    ways += way;
  };
  add(compared.by_size, "by name and size alone");
  add(compared.by_footer, "by size and footer");
  add(compared.by_tag, "by the tag of what is encrypted");
  add(compared.whole, "read whole");
  if (ways.empty()) return {};
  if (compared.by_tag > 0 && reread) return " (" + ways + "; an --identity that fits decrypts and reads it)";
  const bool is_unread = compared.by_footer + compared.by_tag > 0;
  return " (" + ways + (is_unread ? "; --reread reads both)" : ")");
}

Json CopySummary::json(bool dry_run) const {
  Json summary;
  summary["type"] = "summary";
  summary["archives"] = copied.archives;
  summary["records"] = copied.records;
  summary["encoded"] = encoded;
  summary["size_bytes"] = copied.bytes;
  summary["there_before"] = present.archives + present.records;
  summary["by_size"] = compared.by_size;
  summary["by_footer"] = compared.by_footer;
  summary["by_tag"] = compared.by_tag;
  summary["read_whole"] = compared.whole;
  summary["in_the_clear"] = in_the_clear;
  summary["only_at_destination"] = extra;
  summary["foreign"] = foreign;
  summary["vanished"] = vanished;
  summary["problems"] = problems;
  summary["copied"] = !dry_run;
  return summary;
}

std::string CopySummary::text(const Output& output, bool dry_run, bool reread) const {
  const uint64_t there_before = present.archives + present.records;
  std::string line = (dry_run ? "would copy " : "copied ") +
                     count_text(copied.archives, "archive", "archives") + " and " +
                     count_text(copied.records, "record", "records") + ", " + output.bytes(copied.bytes) +
                     (encoded > 0 ? " (" + std::to_string(encoded) + " encoded anew); " : "; ") +
                     std::to_string(there_before) + (there_before == 1 ? " was" : " were") + " there before" +
                     compared_text(reread);
  if (extra > 0)
    line += "; " + std::to_string(extra) + (extra == 1 ? " is" : " are") + " at the destination only";
  if (in_the_clear > 0)
    line += "; " + count_text(in_the_clear, "archive is", "archives are") +
            " at the destination in the clear, and left so: nothing is put beside what is there";
  if (foreign > 0)
    line += "; " + count_text(foreign, "foreign object was", "foreign objects were") + " left out";
  return line + "; " + count_text(problems, "problem", "problems");
}

}  // namespace tidemark::cli
