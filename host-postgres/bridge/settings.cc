#include "bridge/settings.h"

namespace tidemark::postgres {

// PostgreSQL tries again after a minute at the latest, so the archiver does not wait for longer.
Options archiver_options(const RunWish& run) {
  Options options = {
      {"workers", std::to_string(run.workers)},
      {"partition_inflight", std::to_string(run.inflight)},
      {"batch_entries", std::to_string(run.batch_entries)},
      {"memory_budget_bytes", std::to_string(run.memory_bytes)},
      {"compress", run.compress},
      {"log_level", run.log_level},
      {"retry_min_ms", "1000"},
      {"retry_max_ms", "60000"},
  };
  if (!run.lineage_file.empty()) options.emplace_back("lineage_file", run.lineage_file);
  return options;
}

}  // namespace tidemark::postgres
