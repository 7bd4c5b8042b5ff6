#include "bridge/settings.h"

namespace tidemark::postgres {

// PostgreSQL tries again after a minute at the latest, so the archiver does not wait for longer.
Options archiver_options(const RunWish& run) {
  return {
      {"workers", std::to_string(run.workers)},
      {"partition_inflight", std::to_string(run.inflight)},
      {"batch_entries", std::to_string(run.batch_entries)},
      {"memory_budget_bytes", std::to_string(run.memory_bytes)},
      {"compress", run.compress},
      {"log_level", run.log_level},
      {"retry_min_ms", "1000"},
      {"retry_max_ms", "60000"},
      // PostgreSQL's timelines are its histories: that there is no file is meant so.
      {"lineage_file", run.lineage_file.empty() ? "none" : run.lineage_file},
  };
}

}  // namespace tidemark::postgres
