// What the archiver counts, as Prometheus metrics: prometheus-cpp's registry and text serializer.
//
// Counting: any thread, atomics only (the histogram takes a short lock of its own). text(): any thread.
// No metric has a label per partition: their number must not grow with the host's data.
#ifndef TIDEMARK_METRICS_METRICS_H
#define TIDEMARK_METRICS_METRICS_H

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "core/scheduler.h"
#include "metrics/exposition.h"
#include "metrics/stages.h"
#include "metrics/storages.h"

namespace tidemark::metrics {

struct MemoryUse {
  uint64_t budget_bytes = 0;
  uint64_t leased_bytes = 0;
  uint64_t jobs_waiting = 0;
  uint64_t restores_waiting = 0;
};

class Metrics {
 public:
  // `engine`: the value of a label `engine` of every series; empty: they have none.
  explicit Metrics(uint32_t workers, std::string engine = "");

  // Where what happens to a storage is counted.
  Storages::Row& storage(std::string_view name) noexcept { return storages_.row(name); }
  // Jobs. `entries` and `bytes` of what became durable now.
  // `bytes` as they are stored, `plain_bytes` before they were encoded.
  void archived(Storages::Row& storage, uint64_t entries, uint64_t bytes, uint64_t plain_bytes,
                double seconds);
  // It was in the sink already, with the same content.
  void verified(Storages::Row& storage, uint64_t entries, double seconds);
  void failed(Storages::Row& storage);
  void conflict(Storages::Row& storage);
  // Where worker `number` counts its time.
  Stages::Shard& stages(uint32_t number) { return stages_.shard(number); }
  // Events and acknowledgements.
  void event(core::EventKind kind);
  void gap(Storages::Row& storage, uint64_t entries);
  void known_gap(Storages::Row& storage);
  void acknowledged(Storages::Row& storage, bool ok);
  void waited_for_memory() { memory_waits_.Increment(); }
  // What is written to from now on; `url` without what is secret.
  void sink_is(const std::string& scheme, const std::string& url);
  void sink_swapped() { sink_swaps_.Increment(); }

  // All of it. Without a snapshot (not started) its gauges are 0.
  std::string text(const std::optional<core::Snapshot>& snapshot, const MemoryUse& memory,
                   uint64_t events_dropped, Format format = Format::kText);

 private:
  static constexpr size_t kEventKinds = static_cast<size_t>(core::EventKind::kSuperseded) + 1;

  void show(const core::Snapshot& s);
  prometheus::Counter& counter(const char* name, const char* help);
  prometheus::Gauge& gauge(const char* name, const char* help);

  const std::string engine_;
  prometheus::Registry registry_;
  Stages stages_;
  Storages storages_;
  prometheus::Family<prometheus::Counter>& archives_;
  prometheus::Counter& archived_;
  prometheus::Counter& verified_;
  prometheus::Counter& failed_;
  prometheus::Counter& conflict_;
  prometheus::Counter& entries_;
  prometheus::Counter& bytes_;
  prometheus::Counter& plain_bytes_;
  prometheus::Histogram& duration_;
  prometheus::Counter& gaps_;
  prometheus::Counter& gap_entries_;
  prometheus::Counter& known_gaps_;
  prometheus::Family<prometheus::Counter>& acknowledges_;
  prometheus::Counter& acknowledged_;
  prometheus::Counter& acknowledge_failed_;
  prometheus::Counter& sink_swaps_;
  prometheus::Counter& breaker_opened_;
  prometheus::Counter& branches_;
  prometheus::Counter& superseded_;
  prometheus::Gauge& workers_;
  prometheus::Gauge& queue_depth_;
  prometheus::Gauge& active_jobs_;
  prometheus::Gauge& concurrency_limit_;
  prometheus::Gauge& latency_ratio_;
  prometheus::Gauge& rate_limited_;
  prometheus::Gauge& rate_debt_;
  prometheus::Gauge& entries_waiting_;
  prometheus::Gauge& oldest_waiting_;
  prometheus::Family<prometheus::Gauge>& partitions_;
  prometheus::Gauge& dormant_;
  prometheus::Gauge& active_;
  prometheus::Gauge& backing_off_;
  prometheus::Family<prometheus::Gauge>& breaker_;
  prometheus::Gauge& breaker_closed_;
  prometheus::Gauge& breaker_open_;
  prometheus::Gauge& breaker_probing_;
  prometheus::Gauge& breaker_level_;
  prometheus::Gauge& running_;
  prometheus::Gauge& archived_at_;
  prometheus::Gauge& acknowledged_at_;
  prometheus::Gauge& waiting_bytes_;
  std::array<prometheus::Gauge*, kEventKinds> events_at_{};
  prometheus::Family<prometheus::Gauge>& sink_info_;
  Mutex sink_mutex_;
  prometheus::Gauge* sink_ TM_GUARDED_BY(sink_mutex_) = nullptr;
  std::atomic<uint64_t> entries_put_{0};  // of what was archived, not of what was verified
  prometheus::Gauge& memory_budget_;
  prometheus::Gauge& memory_leased_;
  prometheus::Family<prometheus::Gauge>& memory_waiting_;
  prometheus::Gauge& jobs_waiting_;
  prometheus::Gauge& restores_waiting_;
  prometheus::Counter& memory_waits_;
};

}  // namespace tidemark::metrics

#endif  // TIDEMARK_METRICS_METRICS_H
