#include "bridge/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kEngineMax = 64;  // characters of the archiver's option; the end of a path says more

// Nothing if it has what that option refuses.
std::string engine_of(const std::string& cluster) {
  const bool is_plain =
      std::all_of(cluster.begin(), cluster.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_plain) return {};
  return cluster.substr(cluster.size() - std::min(cluster.size(), kEngineMax));
}

}  // namespace

constexpr uint64_t kBatchBytes = 17 << 20;  // sixteen segments of 1 MiB with their headers

// PostgreSQL tries again after a minute at the latest, so the archiver does not wait for longer.
Options archiver_options(const RunWish& run, const std::string& cluster) {
  Options options = {
      {"workers", std::to_string(run.workers)},
      {"partition_inflight", std::to_string(run.inflight)},
      {"batch_entries", std::to_string(run.batch_entries)},
      {"batch_bytes", std::to_string(kBatchBytes)},
      {"memory_budget_bytes", std::to_string(run.memory_bytes)},
      {"compress", run.compress},
      {"log_level", run.log_level},
      {"retry_min_ms", "1000"},
      {"retry_max_ms", "60000"},
      // PostgreSQL's timelines are its histories: that there is no file is meant so.
      {"lineage_file", run.lineage_file.empty() ? "none" : run.lineage_file},
  };
  if (!run.metrics_file.empty()) {
    options.emplace_back("metrics_file", run.metrics_file);
    if (const std::string engine = engine_of(cluster); !engine.empty())
      options.emplace_back("metrics_engine", engine);
  }
  return options;
}

Status check_metrics_file(const std::string& path) {
  if (path.empty()) return {};
  const std::string folder = parent_of(path);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) return fail_errno(errno, folder);
  return {};
}

}  // namespace tidemark::postgres
