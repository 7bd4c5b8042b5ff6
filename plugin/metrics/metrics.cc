#include "metrics/metrics.h"

#include <utility>

#include "base/wall_clock.h"

namespace tidemark::metrics {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

// From a small entry into a local directory to a large one over a slow line.
const prometheus::Histogram::BucketBoundaries kDurationBounds_s = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25,   0.5,     1,      2.5,   5,      10,    30,   60,    300};

constexpr double kMicrosecond_s = 1e-6;

double now_s() { return static_cast<double>(wall_clock_us()) * kMicrosecond_s; }

// Also of kinds that have a counter: a counter that begins at 1 in a new process shows no increase.
constexpr std::pair<core::EventKind, const char*> kEvents[] = {
    {core::EventKind::kGap, "gap"},
    {core::EventKind::kConflict, "conflict"},
    {core::EventKind::kFailing, "failing"},
    {core::EventKind::kRecovered, "recovered"},
    {core::EventKind::kSinkDown, "sink_down"},
    {core::EventKind::kSinkUp, "sink_up"},
    {core::EventKind::kSinkChanged, "sink_changed"},
    {core::EventKind::kBranched, "branched"},
    {core::EventKind::kSuperseded, "superseded"},
};

// What is counted elsewhere.
prometheus::MetricFamily dropped_family(uint64_t events_dropped) {
  prometheus::ClientMetric metric;
  metric.counter.value = static_cast<double>(events_dropped);
  return {"tidemark_events_dropped_total",
          "Events dropped because the host took them too slowly",
          prometheus::MetricType::Counter,
          {metric}};
}

// Here and not where metrics are made: so none is left out.
void add_label(std::vector<prometheus::MetricFamily>& families, const std::string& name,
               const std::string& value) {
  for (prometheus::MetricFamily& family : families) {
    for (prometheus::ClientMetric& metric : family.metric) metric.label.push_back({name, value});
  }
}

}  // namespace

prometheus::Counter& Metrics::counter(const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry_).Add({});
}

prometheus::Gauge& Metrics::gauge(const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry_).Add({});
}

Metrics::Metrics(uint32_t workers, std::string engine)
    : engine_(std::move(engine)),
      stages_(workers),
      storages_(registry_),
      archives_(BuildCounter()
                    .Name("tidemark_archives_total")
                    .Help("Archives by result: archived now, verified as already there, in conflict "
                          "with what the sink holds; failed: jobs that are tried again, looks, "
                          "claims and watches among them")
                    .Register(registry_)),
      archived_(archives_.Add({{"result", "archived"}})),
      verified_(archives_.Add({{"result", "verified"}})),
      failed_(archives_.Add({{"result", "failed"}})),
      conflict_(archives_.Add({{"result", "conflict"}})),
      entries_(counter("tidemark_entries_archived_total", "Log entries archived or verified")),
      bytes_(counter("tidemark_archived_bytes_total", "Bytes of archives written to the sink")),
      plain_bytes_(counter("tidemark_archived_plain_bytes_total",
                           "Bytes of these archives before they were compressed or encrypted")),
      duration_(BuildHistogram()
                    .Name("tidemark_archive_duration_seconds")
                    .Help("Time from acquiring an entry until its archive is durable or verified")
                    .Register(registry_)
                    .Add({}, kDurationBounds_s)),
      gaps_(counter("tidemark_gaps_total", "Gaps found: ranges of entries that can no longer be archived")),
      gap_entries_(counter("tidemark_gap_entries_total", "Log entries that lie in gaps")),
      known_gaps_(
          counter("tidemark_known_gaps_total",
                  "Gaps recorded before a start that were reported again because nobody accepted them")),
      acknowledges_(BuildCounter()
                        .Name("tidemark_acknowledgements_total")
                        .Help("Acknowledgements given to the host, by whether it answered OK")
                        .Register(registry_)),
      acknowledged_(acknowledges_.Add({{"result", "ok"}})),
      acknowledge_failed_(acknowledges_.Add({{"result", "failed"}})),
      sink_swaps_(counter("tidemark_sink_swaps_total", "Times a sink replaced another one")),
      breaker_opened_(counter("tidemark_sink_breaker_opened_total", "Times the sink was taken to be down")),
      branches_(counter("tidemark_branches_total",
                        "Partitions in which this history parted from the one that it continued")),
      superseded_(counter("tidemark_superseded_total",
                          "Storages of which a newer epoch is another host's, or this data was restored")),
      workers_(gauge("tidemark_workers", "Worker threads")),
      queue_depth_(gauge("tidemark_queued_partitions", "Partitions that wait for a worker")),
      active_jobs_(gauge("tidemark_active_jobs", "Jobs that workers are running")),
      concurrency_limit_(
          gauge("tidemark_concurrency_limit_jobs", "Jobs that may run at once as the sink behaves now")),
      latency_ratio_(
          gauge("tidemark_sink_latency_ratio",
                "Time that puts take now, divided by the quickest lately; above 2 the limit stays")),
      rate_limited_(gauge("tidemark_rate_limited", "1 while partitions wait for max_bytes_per_second")),
      rate_debt_(gauge("tidemark_rate_limit_debt_bytes",
                       "Bytes that the next job has to wait for because of max_bytes_per_second")),
      entries_waiting_(gauge("tidemark_entries_waiting", "Log entries notified and not yet archived")),
      oldest_waiting_(
          gauge("tidemark_oldest_waiting_entry_age_seconds",
                "Age of the oldest entry not yet archived since its notification; an upper bound")),
      partitions_(
          BuildGauge().Name("tidemark_partitions").Help("Partitions known, by state").Register(registry_)),
      dormant_(partitions_.Add({{"state", "dormant"}})),
      active_(partitions_.Add({{"state", "active"}})),
      backing_off_(partitions_.Add({{"state", "backing_off"}})),
      breaker_(BuildGauge()
                   .Name("tidemark_sink_breaker_state")
                   .Help("1 for the state the circuit breaker of the sink is in")
                   .Register(registry_)),
      breaker_closed_(breaker_.Add({{"state", "closed"}})),
      breaker_open_(breaker_.Add({{"state", "open"}})),
      breaker_probing_(breaker_.Add({{"state", "probing"}})),
      breaker_level_(
          gauge("tidemark_sink_backoff_level", "Doublings of the delay between tries of a failing sink")),
      running_(gauge("tidemark_running", "1 between start and stop")),
      archived_at_(gauge("tidemark_last_archived_timestamp_seconds",
                         "When an entry was last archived or verified; 0: not since the start")),
      acknowledged_at_(gauge("tidemark_last_acknowledged_timestamp_seconds",
                             "When the host last took an acknowledgement; 0: not since the start")),
      waiting_bytes_(gauge("tidemark_entries_waiting_estimated_bytes",
                           "Entries waiting, times the mean size of those archived since the start")),
      sink_info_(BuildGauge()
                     .Name("tidemark_sink_info")
                     .Help("1, with what is written to as labels")
                     .Register(registry_)),
      memory_budget_(gauge("tidemark_memory_budget_bytes", "Option memory_budget_bytes")),
      memory_leased_(
          gauge("tidemark_memory_leased_bytes", "Part of the memory budget that jobs and restores hold now")),
      memory_waiting_(BuildGauge()
                          .Name("tidemark_memory_waiting")
                          .Help("Jobs and restores that wait because the memory budget is exhausted")
                          .Register(registry_)),
      jobs_waiting_(memory_waiting_.Add({{"kind", "job"}})),
      restores_waiting_(memory_waiting_.Add({{"kind", "restore"}})),
      memory_waits_(
          counter("tidemark_memory_waits_total",
                  "Times a job or a restore had to wait for memory; if it grows, raise the budget")) {
  workers_.Set(workers);
  auto& events_at = BuildGauge()
                        .Name("tidemark_last_event_timestamp_seconds")
                        .Help("When an event of this kind last happened; 0: not since the start")
                        .Register(registry_);
  for (const auto& [kind, name] : kEvents)
    events_at_[static_cast<size_t>(kind)] = &events_at.Add({{"kind", name}});
  BuildGauge()
      .Name("tidemark_build_info")
      .Help("1, with the version as a label")
      .Register(registry_)
      .Add({{"version", TIDEMARK_VERSION}})
      .Set(1);
}

void Metrics::archived(Storages::Row& storage, uint64_t entries, uint64_t bytes, uint64_t plain_bytes,
                       double seconds) {
  const double now = now_s();
  archived_.Increment();
  entries_.Increment(static_cast<double>(entries));
  entries_put_ += entries;
  bytes_.Increment(static_cast<double>(bytes));
  plain_bytes_.Increment(static_cast<double>(plain_bytes));
  duration_.Observe(seconds);
  archived_at_.Set(now);
  storage.entries.Increment(static_cast<double>(entries));
  storage.bytes.Increment(static_cast<double>(bytes));
  storage.archived_at.Set(now);
}

void Metrics::verified(Storages::Row& storage, uint64_t entries, double seconds) {
  const double now = now_s();
  verified_.Increment();
  entries_.Increment(static_cast<double>(entries));
  duration_.Observe(seconds);
  archived_at_.Set(now);
  storage.entries.Increment(static_cast<double>(entries));
  storage.archived_at.Set(now);
}

void Metrics::failed(Storages::Row& storage) {
  failed_.Increment();
  storage.failed.Increment();
}

void Metrics::conflict(Storages::Row& storage) {
  conflict_.Increment();
  storage.conflicts.Increment();
}

void Metrics::event(core::EventKind kind) {
  events_at_[static_cast<size_t>(kind)]->Set(now_s());
  if (kind == core::EventKind::kSinkDown) breaker_opened_.Increment();
  if (kind == core::EventKind::kBranched) branches_.Increment();
  if (kind == core::EventKind::kSuperseded) superseded_.Increment();
}

void Metrics::gap(Storages::Row& storage, uint64_t entries) {
  gaps_.Increment();
  gap_entries_.Increment(static_cast<double>(entries));
  storage.gaps.Increment();
}

void Metrics::known_gap(Storages::Row& storage) {
  known_gaps_.Increment();
  storage.gaps.Increment();
}

void Metrics::acknowledged(Storages::Row& storage, bool ok) {
  (ok ? acknowledged_ : acknowledge_failed_).Increment();
  if (!ok) return;
  const double now = now_s();
  acknowledged_at_.Set(now);
  storage.acknowledged_at.Set(now);
}

void Metrics::sink_is(const std::string& scheme, const std::string& url) {
  const MutexLock lock(sink_mutex_);
  prometheus::Gauge* const now = &sink_info_.Add({{"scheme", scheme}, {"url", url}});
  if (sink_ != nullptr && sink_ != now) sink_info_.Remove(sink_);
  sink_ = now;
  now->Set(1);
}

void Metrics::show(const core::Snapshot& s) {
  queue_depth_.Set(static_cast<double>(s.queue_depth));
  active_jobs_.Set(static_cast<double>(s.jobs_running));
  concurrency_limit_.Set(s.concurrency_limit);
  latency_ratio_.Set(s.latency_ratio);
  rate_limited_.Set(s.rate_limited ? 1 : 0);
  rate_debt_.Set(static_cast<double>(s.rate_debt_bytes));
  const auto waiting = static_cast<double>(s.entries_waiting);
  const auto put = static_cast<double>(entries_put_.load());
  entries_waiting_.Set(waiting);
  waiting_bytes_.Set(put > 0 ? waiting * plain_bytes_.Value() / put : 0);
  oldest_waiting_.Set(static_cast<double>(s.oldest_waiting_ms) / 1000);
  dormant_.Set(static_cast<double>(s.partitions_dormant));
  active_.Set(static_cast<double>(s.partitions_active));
  backing_off_.Set(static_cast<double>(s.partitions_backing_off));
  breaker_closed_.Set(s.breaker == core::Throttle::State::kClosed ? 1 : 0);
  breaker_open_.Set(s.breaker == core::Throttle::State::kOpen ? 1 : 0);
  breaker_probing_.Set(s.breaker == core::Throttle::State::kProbing ? 1 : 0);
  breaker_level_.Set(s.breaker_level);
}

std::string Metrics::text(const std::optional<core::Snapshot>& snapshot, const MemoryUse& memory,
                          uint64_t events_dropped, Format format) {
  show(snapshot.value_or(core::Snapshot()));
  running_.Set(snapshot ? 1 : 0);
  memory_budget_.Set(static_cast<double>(memory.budget_bytes));
  memory_leased_.Set(static_cast<double>(memory.leased_bytes));
  jobs_waiting_.Set(static_cast<double>(memory.jobs_waiting));
  restores_waiting_.Set(static_cast<double>(memory.restores_waiting));

  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  for (prometheus::MetricFamily& family : stages_.Collect()) families.push_back(std::move(family));
  families.push_back(dropped_family(events_dropped));
  if (!engine_.empty()) add_label(families, "engine", engine_);
  return expose(families, format);
}

}  // namespace tidemark::metrics
