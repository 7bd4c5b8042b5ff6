#include "bench.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bench_figures.h"
#include "committer.h"
#include "console.h"
#include "dealer.h"
#include "host_services.h"
#include "log_store.h"
#include "usage.h"

namespace tidemark::host {

namespace {

constexpr uint32_t kCommitThreads = 4;
constexpr uint64_t kCommitBytes = uint64_t{8} << 20;  // in one go

// The directory of the entries; a temporary one is gone with this object.
class DataDir {
 public:
  ~DataDir() {
    std::error_code ignored;
    if (temporary_) std::filesystem::remove_all(path_, ignored);
  }
  Result<std::string> make(const std::string& wanted) {
    if (!wanted.empty()) return wanted;
    std::error_code code;
    path_ = (std::filesystem::temp_directory_path(code) / "host-sim-bench-XXXXXX").string();
    if (code) return fail("there is no directory for temporary files: " + code.message());
    if (::mkdtemp(path_.data()) == nullptr) return fail_errno(errno, "cannot create " + path_);
    temporary_ = true;
    return path_;
  }

 private:
  std::string path_;
  bool temporary_ = false;
};

// Says what its entries are, so that one directory keeps entries of several kinds and none is mistaken for
// another.
std::string storage_name(const BenchOptions& options) {
  return "bench-" + std::to_string(options.partitions) + "-" + std::to_string(options.entries) + "x" +
         std::to_string(options.shape.files) + "x" + std::to_string(options.shape.file_size_bytes) + "-" +
         std::to_string(options.shape.seed);
}

// One benchmark, from making the entries to the figures. Main thread only; what other threads touch guards
// itself.
class Bench {
 public:
  Bench(const BenchOptions& options, Signals& signals) : options_(options), signals_(signals) {}
  int execute();

 private:
  enum class Outcome { kDone, kFailed, kInterrupted, kTimeout };

  Result<void> open();
  void make_committer();
  Result<Outcome> make_entries();
  Result<Outcome> archive();
  Result<Outcome> wait_until(const std::function<bool()>& finished, bool archiving);
  Result<void> notify(uint64_t partition);
  ProgressState progress(bool archiving);
  Result<void> report(Outcome outcome);
  bool is_paced() const { return options_.rate > 0; }

  const BenchOptions& options_;
  Signals& signals_;
  Console console_;
  DataDir data_;
  UniqueFd wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::unique_ptr<LogStore> store_;
  std::unique_ptr<HostServices> services_;
  std::unique_ptr<Archiver> archiver_;
  std::unique_ptr<Dealer> dealer_;
  std::unique_ptr<Committer> committer_;
  Usage begin_, end_;
};

Result<void> Bench::open() {
  // First the plugin: if it cannot be used, nothing has been made.
  TM_ASSIGN(auto plugin, Plugin::load(options_.common.plugin));
  TM_ASSIGN(auto directory, data_.make(options_.common.data));
  LogOptions log;
  log.directory = directory;
  log.storage = storage_name(options_);
  log.partitions = options_.partitions;
  log.durability = Durability::kUnsafe;
  log.keep_acked = true;
  TM_ASSIGN(auto store, LogStore::open(log));
  store_ = std::move(store);
  services_ = std::make_unique<HostServices>(*store_, console_, options_.common.log_level, 0, wake_.get());
  TM_ASSIGN(auto archiver, Archiver::create(plugin, services_->table(), options_.common.plugin_options));
  archiver_ = std::move(archiver);
  return archiver_->set_sink(options_.sink, options_.common.sink_options);
}

void Bench::make_committer() {
  const auto threads = static_cast<uint32_t>(std::min<uint64_t>(kCommitThreads, options_.partitions));
  std::vector<uint64_t> committed(options_.partitions);
  for (uint64_t id = 0; id < committed.size(); ++id) committed[id] = store_->table().position(id).next - 1;
  dealer_ = std::make_unique<Dealer>(options_.entries, committed, threads);
  CommitterOptions committer;
  committer.shape = options_.shape;
  committer.threads = threads;
  committer.rate_per_s = options_.rate;
  committer.max_backlog = UINT64_MAX;
  const uint64_t entry_bytes = std::max<uint64_t>(options_.shape.files * options_.shape.file_size_bytes, 1);
  committer.batch_entries = static_cast<uint32_t>(std::clamp<uint64_t>(kCommitBytes / entry_bytes, 1, 32));
  committer_ = std::make_unique<Committer>(
      *store_, *dealer_, committer, [this](uint64_t id) { return is_paced() ? notify(id) : Result<void>(); },
      [this] { services_->wake(); });
}

Result<void> Bench::notify(uint64_t partition) {
  const PartitionPosition position = store_->table().position(partition);
  tidemark_error error{};
  error.struct_size = sizeof(error);
  const auto status =
      archiver_->notify(store_->options().storage, partition, position.low, position.next - 1, &error);
  if (status == TIDEMARK_OK || status == TIDEMARK_E_CANCELLED) return {};
  return fail("cannot notify partition " + std::to_string(partition) + ": " + status_text(status, &error));
}

ProgressState Bench::progress(bool archiving) {
  ProgressState state;
  state.total = archiving ? options_.entries : dealer_->total();
  state.done = archiving ? store_->table().confirmed() : committer_->committed();
  state.show_lag = false;
  return state;
}

Result<Bench::Outcome> Bench::wait_until(const std::function<bool()>& finished, bool archiving) {
  for (;;) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    // In this order: an end that the last look did not see has signalled the descriptor since.
    const bool at_end = finished();
    if (signals_.take()) return Outcome::kInterrupted;
    if (auto error = committer_->error()) return *error;
    if (at_end) return Outcome::kDone;
    int timeout_ms = static_cast<int>(console_.interval().count());
    if (archiving && options_.timeout_s > 0) {
      if (usage_now().wall_s - begin_.wall_s >= options_.timeout_s) return Outcome::kTimeout;
      timeout_ms = std::min(timeout_ms, 100);
    }
    console_.refresh(progress(archiving));
    pollfd descriptors[] = {{wake_.get(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
    ::poll(descriptors, 2, timeout_ms);
  }
}

Result<Bench::Outcome> Bench::make_entries() {
  if (is_paced() || dealer_->total() == 0) return Outcome::kDone;
  committer_->start();
  auto outcome = wait_until([this] { return committer_->done(); }, false);
  committer_->stop();
  if (!outcome || *outcome != Outcome::kDone) return outcome;
  // Or the kernel would write them out while the archiving is measured.
  const UniqueFd directory(::open(store_->options().directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::syncfs(directory.get()) != 0) return fail_errno(errno, "cannot write out the entries");
  return outcome;
}

Result<Bench::Outcome> Bench::archive() {
  PartitionTable& table = store_->table();
  restart_peak_rss();
  begin_ = end_ = usage_now();
  TM_TRY(archiver_->start());
  table.restart_latency();
  begin_ = usage_now();
  if (is_paced()) {
    committer_->start();
  } else {
    for (uint64_t id = 0; id < table.size(); ++id) {
      if (table.position(id).next == table.position(id).low) continue;
      TM_TRY(notify(id));
    }
  }
  auto outcome =
      wait_until([&] { return (!is_paced() || committer_->done()) && table.unconfirmed() == 0; }, true);
  end_ = usage_now();
  return outcome;
}

Result<void> Bench::report(Outcome outcome) {
  const PartitionTable& table = store_->table();
  TM_ASSIGN(auto metrics, archiver_->metrics());
  if (!options_.metrics_file.empty()) {
    TM_TRY(replace_file(options_.metrics_file, metrics, Durability::kUnsafe));
  }
  BenchFigures figures;
  figures.outcome = outcome == Outcome::kDone          ? "done"
                    : outcome == Outcome::kInterrupted ? "interrupted"
                    : outcome == Outcome::kTimeout     ? "timeout"
                                                       : "failed";
  figures.entries = table.confirmed();
  figures.bytes = table.confirmed() * options_.shape.files * options_.shape.file_size_bytes;
  figures.partitions = options_.partitions;
  figures.seconds = end_.wall_s - begin_.wall_s;
  figures.cpu_seconds = end_.cpu_s - begin_.cpu_s;
  figures.rss_before_bytes = begin_.rss_bytes;
  figures.peak_rss_bytes = end_.peak_rss_bytes;
  figures.latency = &table.latency();
  figures.metrics = parse_metrics(metrics);
  figures.events = services_->events_by_kind();
  if (outcome != Outcome::kDone) {
    console_.print("host-sim: " + figures.outcome + " with " + std::to_string(table.unconfirmed()) +
                   " entries not acknowledged: the figures count only those that were");
  }
  if (metric_value(figures.metrics, "tidemark_archives_total", "result", "verified").value_or(0) > 0) {
    console_.print(
        "host-sim: the sink held archives of these entries: they were verified, not archived again. "
        "Give an empty sink, or another --seed");
  }
  std::fputs(figures_text(figures, options_.profile).c_str(), stdout);
  if (options_.common.json_file.empty()) return {};
  return replace_file(options_.common.json_file, figures_json(figures), Durability::kUnsafe);
}

int Bench::execute() {
  Result<void> status = open();
  Result<Outcome> outcome = Outcome::kDone;
  if (status) {
    make_committer();
    outcome = make_entries();
    const bool is_made = outcome && *outcome == Outcome::kDone;
    if (is_made) outcome = archive();
    if (!outcome) status = outcome.error();
    committer_->stop();
    // Before the end of what it calls; and what is still being archived is not worth waiting for.
    auto stopped = archiver_->stop(0);
    if (status && !stopped) status = stopped.error();
    if (status && is_made) status = report(*outcome);
    if (status && !is_made) console_.print("host-sim: interrupted while the entries were made");
  }
  if (!status) {
    console_.print("host-sim: " + status.error().message);
    return kExitFailed;
  }
  if (*outcome == Outcome::kInterrupted) return kExitInterrupted;
  if (*outcome == Outcome::kTimeout) return kExitTimeout;
  return services_->broken_promise() ? kExitFailed : kExitOk;
}

}  // namespace

int bench(const BenchOptions& options, Signals& signals) { return Bench(options, signals).execute(); }

}  // namespace tidemark::host
