// What a restore of one partition did, and how it is told. Pure; one thread.
#ifndef TIDEMARK_CLI_RESTORE_COUNTS_H
#define TIDEMARK_CLI_RESTORE_COUNTS_H

#include <cstdint>
#include <string>

#include "options.h"
#include "output.h"
#include "restore_plan.h"

namespace tidemark::cli {

struct RestoreCounts {
  // What is to be done, as far as the listing tells.
  uint64_t wanted_entries = 0, wanted_archives = 0;
  uint64_t wanted_bytes = 0;    // read to restore
  uint64_t new_bytes = 0;       // of these what comes into DIR
  uint64_t compared_bytes = 0;  // read to compare what is there

  uint64_t restored = 0, archives = 0, bytes = 0;
  uint64_t same = 0, different = 0, absent = 0;
  uint64_t not_compared = 0, unproven = 0;  // DIR's cannot be read; the archive's are damaged or gone
  uint64_t beyond = 0;                      // in DIR, after the end of the history that is restored

  uint64_t there_before() const { return same + different + not_compared + unproven; }
  uint64_t all_bytes() const { return wanted_bytes + compared_bytes; }
};

Json summary_json(const RestoreOptions& options, const RestorePlan& plan, const RestoreCounts& counts,
                  bool complete);
// "restored 5 entries of main/7, LSN 1 @… to 5 @…"
std::string summary_text(const RestoreOptions& options, const RestorePlan& plan, const RestoreCounts& counts);
// What of DIR, `path`, is not as the archive has it; empty: all is, as far as it could be compared.
std::string problem_text(const std::string& path, const RestoreCounts& counts);
// What this user may not read there; empty: nothing.
std::string unreadable_text(const std::string& path, const RestoreCounts& counts);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_COUNTS_H
