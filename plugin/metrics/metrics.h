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

#include <optional>
#include <string>

#include "core/scheduler.h"
#include "metrics/stages.h"

namespace tidemark::metrics {

struct MemoryUse {
  uint64_t budget_bytes = 0;
  uint64_t leased_bytes = 0;
  uint64_t jobs_waiting = 0;
  uint64_t restores_waiting = 0;
};

class Metrics {
 public:
  explicit Metrics(uint32_t workers);

  // Jobs. `entries` and `bytes` of what became durable now.
  // `bytes` as they are stored, `plain_bytes` before they were encoded.
  void archived(uint64_t entries, uint64_t bytes, uint64_t plain_bytes, double seconds);
  void verified(uint64_t entries, double seconds);  // it was in the sink already, with the same content
  void failed() { failed_.Increment(); }
  void conflict() { conflict_.Increment(); }
  // Where worker `number` counts its time.
  Stages::Shard& stages(uint32_t number) { return stages_.shard(number); }
  // Events and acknowledgements.
  void gap(uint64_t entries);
  void known_gap() { known_gaps_.Increment(); }
  void acknowledged(bool ok) { (ok ? acknowledged_ : acknowledge_failed_).Increment(); }
  void sink_swapped() { sink_swaps_.Increment(); }
  void waited_for_memory() { memory_waits_.Increment(); }
  void breaker_opened() { breaker_opened_.Increment(); }
  void branched() { branches_.Increment(); }
  void superseded() { superseded_.Increment(); }

  // The whole text exposition, version 0.0.4. Without a snapshot (not started) its gauges are 0.
  std::string text(const std::optional<core::Snapshot>& snapshot, const MemoryUse& memory,
                   uint64_t events_dropped);

 private:
  prometheus::Counter& counter(const char* name, const char* help);
  prometheus::Gauge& gauge(const char* name, const char* help);

  prometheus::Registry registry_;
  Stages stages_;
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
  prometheus::Gauge& events_dropped_;
  prometheus::Gauge& memory_budget_;
  prometheus::Gauge& memory_leased_;
  prometheus::Family<prometheus::Gauge>& memory_waiting_;
  prometheus::Gauge& jobs_waiting_;
  prometheus::Gauge& restores_waiting_;
  prometheus::Counter& memory_waits_;
};

}  // namespace tidemark::metrics

#endif  // TIDEMARK_METRICS_METRICS_H
