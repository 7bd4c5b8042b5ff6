#include "metrics/storages.h"

#include <exception>

namespace tidemark::metrics {
namespace {

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, const char* name,
                                                  const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge>& gauges(prometheus::Registry& registry, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

}  // namespace

Storages::Storages(prometheus::Registry& registry)
    : entries_(
          counters(registry, "tidemark_storage_entries_archived_total",
                   "Log entries archived or verified, by storage; of the first 64 storages, and (other)")),
      bytes_(counters(registry, "tidemark_storage_archived_bytes_total",
                      "Bytes of archives written to the sink, by storage")),
      failed_(counters(registry, "tidemark_storage_failures_total", "Jobs that failed for now, by storage")),
      conflicts_(counters(registry, "tidemark_storage_conflicts_total",
                          "Jobs that met other content in the sink, by storage")),
      gaps_(counters(registry, "tidemark_storage_gaps_total",
                     "Gaps reported, by storage; those recorded before the start too")),
      archived_at_(gauges(registry, "tidemark_storage_last_archived_timestamp_seconds",
                          "When an entry was last archived or verified, by storage; 0: not since the start")),
      acknowledged_at_(
          gauges(registry, "tidemark_storage_last_acknowledged_timestamp_seconds",
                 "When the host last took an acknowledgement, by storage; 0: not since the start")),
      other_(make(kOther)) {}

Storages::Row Storages::make(const std::string& storage) {
  const prometheus::Labels labels = {{"storage", storage}};
  return {entries_.Add(labels), bytes_.Add(labels),       failed_.Add(labels),         conflicts_.Add(labels),
          gaps_.Add(labels),    archived_at_.Add(labels), acknowledged_at_.Add(labels)};
}

Storages::Row& Storages::row(std::string_view storage) noexcept {
  const MutexLock lock(mutex_);
  const auto known = rows_.find(storage);
  if (known != rows_.end()) return known->second;
  if (rows_.size() >= kMost) return other_;
  try {
    std::string name(storage);
    const Row made = make(name);
    return rows_.emplace(std::move(name), made).first->second;
  } catch (const std::exception&) {
    return other_;
  }
}

}  // namespace tidemark::metrics
