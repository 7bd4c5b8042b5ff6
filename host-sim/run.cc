#include "run.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cstdio>

#include "base/json.h"
#include "committer.h"
#include "console.h"
#include "dealer.h"
#include "host_services.h"
#include "housekeeper.h"
#include "log_store.h"
#include "usage.h"

namespace tidemark::host {

namespace {

constexpr uint32_t kInterruptedDrainMs = 2000;
constexpr uint64_t kBacklogBytes = uint64_t{1} << 30;
constexpr uint64_t kBatchBytes = uint64_t{8} << 20;
constexpr size_t kMaxListed = 20;

// One run, from opening the log to its summary. Main thread only; what other threads touch guards itself.
class Run {
 public:
  Run(const RunOptions& options, Signals& signals) : options_(options), signals_(signals) {}
  int execute();

 private:
  enum class Outcome { kDone, kFailed, kInterrupted, kTimeout };

  Result<void> open();
  Result<void> deal();
  void make_committer();
  Result<Outcome> commit_phase();
  Result<void> start_archiving();
  Result<Outcome> archive_phase();
  Outcome supervise(const std::function<bool()>& finished, bool archiving);
  std::optional<Outcome> look_around(bool archiving);
  bool continues_superseded() const;
  void swap_if_due();
  Result<void> notify(uint64_t partition);
  ProgressState progress(bool archiving);
  void say_vanished();
  Result<void> finish(Outcome outcome);
  void write_metrics();
  Result<void> write_json(Outcome outcome);
  void print_summary(Outcome outcome);
  void print_waiting();
  void fail(const std::string& message) {
    console_.print("host-sim: " + message);
    failed_ = true;
  }

  const RunOptions& options_;
  Signals& signals_;
  Console console_;
  UniqueFd wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::unique_ptr<LogStore> store_;
  std::unique_ptr<HostServices> services_;
  std::unique_ptr<Dealer> dealer_;
  uint64_t mean_entry_bytes_ = 0;
  std::unique_ptr<Archiver> archiver_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Housekeeper> housekeeper_;
  bool failed_ = false;
  bool swap_pending_ = false;
  uint64_t vanished_ = 0;
  Usage begin_, archiving_begin_, archiving_end_;
  double next_metrics_s_ = 0;
};

Result<void> Run::open() {
  begin_ = usage_now();
  LogOptions log;
  log.directory = options_.common.data;
  log.storage = options_.storage;
  log.partitions = options_.partitions;
  log.durability = options_.no_fsync ? Durability::kUnsafe : Durability::kFsync;
  log.keep_acked = options_.keep_acked;
  // First the plugin: if it cannot be used, nothing has been touched.
  TM_ASSIGN(auto plugin, Plugin::load(options_.common.plugin));
  TM_ASSIGN(auto store, LogStore::open(log));
  store_ = std::move(store);
  services_ = std::make_unique<HostServices>(*store_, console_, options_.common.log_level, options_.crash_at,
                                             wake_.get());
  TM_ASSIGN(auto archiver, Archiver::create(plugin, services_->table(), options_.common.plugin_options));
  archiver_ = std::move(archiver);
  const bool swapped = !options_.swap_sink.empty() && store_->table().acknowledged() >= options_.swap_at;
  swap_pending_ = !options_.swap_sink.empty() && !swapped;
  if (swap_pending_) services_->set_wake_at(options_.swap_at);
  if (swapped) console_.print("the swap was made by an earlier run: continuing with --swap-sink");
  return swapped ? archiver_->set_sink(options_.swap_sink, options_.swap_options)
                 : archiver_->set_sink(options_.sink, options_.common.sink_options);
}

Result<void> Run::deal() {
  const uint32_t threads =
      static_cast<uint32_t>(std::min<uint64_t>(options_.commit_threads, options_.partitions));
  if (options_.from.empty()) {
    std::vector<uint64_t> committed(options_.partitions);
    for (uint64_t id = 0; id < committed.size(); ++id) committed[id] = store_->table().position(id).next - 1;
    dealer_ = std::make_unique<Dealer>(options_.entries, committed, threads);
    mean_entry_bytes_ = options_.shape.files * options_.shape.file_size_bytes;
    return {};
  }
  TM_ASSIGN(auto list, list_files(options_.from, options_.limit));
  const uint64_t listed = list.paths.size();
  const auto& known = store_->known_origins();
  std::erase_if(list.paths, [&](const std::string& path) { return known.count(path) > 0; });
  const uint64_t already = listed - list.paths.size();
  mean_entry_bytes_ = list.mean_bytes;
  dealer_ = std::make_unique<Dealer>(std::move(list.paths), options_.partitions, already, threads);
  return {};
}

void Run::make_committer() {
  CommitterOptions committer;
  committer.shape = options_.shape;
  committer.threads = static_cast<uint32_t>(std::min<uint64_t>(options_.commit_threads, options_.partitions));
  committer.rate_per_s = options_.rate;
  const uint64_t entry_bytes = std::max<uint64_t>(mean_entry_bytes_, 1);
  committer.max_backlog = std::min(options_.max_backlog, std::max<uint64_t>(kBacklogBytes / entry_bytes, 16));
  if (options_.commit_first) committer.max_backlog = UINT64_MAX;
  committer.batch_entries = static_cast<uint32_t>(std::clamp<uint64_t>(kBatchBytes / entry_bytes, 1, 32));
  const bool tell = !options_.commit_first;
  committer_ = std::make_unique<Committer>(
      *store_, *dealer_, committer, [this, tell](uint64_t id) { return tell ? notify(id) : Result<void>(); },
      [this] { services_->wake(); });
  housekeeper_ = std::make_unique<Housekeeper>(
      *store_, [this] { committer_->room_changed(); }, [this] { services_->wake(); });
}

Result<void> Run::notify(uint64_t partition) {
  const PartitionPosition position = store_->table().position(partition);
  tidemark_error error{};
  error.struct_size = sizeof(error);
  const auto status = archiver_->notify(options_.storage, partition, position.low, position.next - 1, &error);
  if (status == TIDEMARK_OK || status == TIDEMARK_E_CANCELLED) return {};
  return tidemark::fail("cannot notify partition " + std::to_string(partition) + ": " +
                        status_text(status, &error));
}

ProgressState Run::progress(bool archiving) {
  ProgressState state;
  PartitionTable& table = store_->table();
  if (!archiving) {
    state.done = committer_->committed();
    state.total = dealer_->total();
    state.show_lag = false;
    return state;
  }
  state.done = table.confirmed();
  state.lag = table.unconfirmed();
  state.total = state.done + state.lag;
  // What is still to be committed; the two counters are read at different moments.
  state.total += dealer_->total() - std::min(dealer_->total(), committer_->committed() + vanished_);
  return state;
}

void Run::say_vanished() {
  for (const std::string& path : committer_->take_vanished()) {
    ++vanished_;
    console_.post("skipped " + path + ": it is gone");
  }
}

void Run::swap_if_due() {
  if (!swap_pending_ || store_->table().acknowledged() < options_.swap_at) return;
  swap_pending_ = false;
  services_->set_wake_at(UINT64_MAX);
  auto swapped = archiver_->set_sink(options_.swap_sink, options_.swap_options);
  if (swapped) {
    console_.post("swapped the sink after " + std::to_string(store_->table().acknowledged()) +
                  " acknowledged entries");
  } else {
    fail("the swap failed and the old sink continues: " + swapped.error().message);
  }
}

bool Run::continues_superseded() const {
  const std::vector<Setting>& given = options_.common.plugin_options;
  return std::any_of(given.begin(), given.end(), [](const Setting& option) {
    return option.key == "on_superseded" && option.value == "continue";
  });
}

// What may end a phase early, and what is due now and then.
std::optional<Run::Outcome> Run::look_around(bool archiving) {
  if (signals_.take()) return Outcome::kInterrupted;
  say_vanished();
  const auto first_error = committer_->error() ? committer_->error() : housekeeper_->error();
  if (first_error) {
    fail(first_error->message);
    return Outcome::kFailed;
  }
  if (services_->superseded() && !continues_superseded()) {
    fail(
        "nothing more of the storage is archived: it was taken over by another host, or a record that this "
        "one needs is gone; the event says which");
    return Outcome::kFailed;
  }
  const Usage now = usage_now();
  if (options_.timeout_s > 0 && now.wall_s - begin_.wall_s >= options_.timeout_s) return Outcome::kTimeout;
  if (archiving) {
    swap_if_due();
    if (!options_.metrics_file.empty() && now.wall_s >= next_metrics_s_) {
      write_metrics();
      next_metrics_s_ = now.wall_s + 1;
    }
  }
  return std::nullopt;
}

Run::Outcome Run::supervise(const std::function<bool()>& finished, bool archiving) {
  for (;;) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    // In this order: an end that the last look did not see has signalled the descriptor since.
    const bool at_end = finished();
    if (auto early = look_around(archiving)) return *early;
    if (at_end) return Outcome::kDone;
    console_.refresh(progress(archiving));
    int timeout_ms = static_cast<int>(console_.interval().count());
    if (options_.timeout_s > 0) timeout_ms = std::min(timeout_ms, 100);
    pollfd descriptors[] = {{wake_.get(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
    ::poll(descriptors, 2, timeout_ms);
  }
}

Result<Run::Outcome> Run::commit_phase() {
  committer_->start();
  const Outcome outcome = supervise([this] { return committer_->done(); }, false);
  committer_->stop();
  say_vanished();
  store_->table().restart_latency();
  return outcome;
}

Result<void> Run::start_archiving() {
  archiving_begin_ = archiving_end_ = usage_now();
  TM_TRY(archiver_->start());
  PartitionTable& table = store_->table();
  for (uint64_t id = 0; id < table.size(); ++id) {
    const PartitionPosition position = table.position(id);
    if (position.low == position.next) continue;
    TM_TRY(notify(id));
  }
  return {};
}

Result<Run::Outcome> Run::archive_phase() {
  TM_TRY(start_archiving());
  if (!options_.commit_first) {
    housekeeper_->start();
    committer_->start();
  }
  const Outcome outcome =
      supervise([this] { return committer_->done() && store_->table().unconfirmed() == 0; }, true);
  archiving_end_ = usage_now();
  return outcome;
}

Result<void> Run::finish(Outcome outcome) {
  committer_->stop();
  auto stopped = archiver_->stop(outcome == Outcome::kDone ? 0 : kInterruptedDrainMs);
  housekeeper_->stop();
  auto tidied = store_->tidy();
  if (!options_.metrics_file.empty()) write_metrics();
  if (!stopped) return stopped;
  if (!tidied && outcome != Outcome::kFailed) return tidied.error();
  return {};
}

void Run::write_metrics() {
  auto text = archiver_->metrics();
  auto written =
      text ? replace_file(options_.metrics_file, *text, Durability::kUnsafe) : Result<void>(text.error());
  if (!written) fail(written.error().message);
}

Result<void> Run::write_json(Outcome outcome) {
  PartitionTable& table = store_->table();
  const double seconds = archiving_end_.wall_s - archiving_begin_.wall_s;
  const double cpu_seconds = archiving_end_.cpu_s - archiving_begin_.cpu_s;
  const auto entries = static_cast<double>(table.confirmed());
  Json json;
  json["outcome"] = outcome == Outcome::kDone          ? "done"
                    : outcome == Outcome::kInterrupted ? "interrupted"
                    : outcome == Outcome::kTimeout     ? "timeout"
                                                       : "failed";
  json["entries"] = table.confirmed();
  json["bytes"] = table.confirmed() * mean_entry_bytes_;
  json["committed"] = committer_->committed();
  json["vanished"] = vanished_;
  json["unacknowledged"] = table.unconfirmed();
  json["partitions"] = table.size();
  json["seconds"] = seconds;
  json["entries_per_second"] = seconds > 0 ? entries / seconds : 0.0;
  json["bytes_per_second"] = seconds > 0 ? entries * static_cast<double>(mean_entry_bytes_) / seconds : 0.0;
  json["cpu_seconds"] = cpu_seconds;
  json["cpu_us_per_entry"] = entries > 0 ? cpu_seconds * 1e6 / entries : 0.0;
  json["rss_before_bytes"] = archiving_begin_.rss_bytes;
  json["rss_after_bytes"] = archiving_end_.rss_bytes;
  json["peak_rss_bytes"] = archiving_end_.peak_rss_bytes;
  json["acknowledge_calls"] = table.acknowledge_calls();
  json["events"] = services_->events_by_kind();
  json["commit_to_ack_p50_ms"] = static_cast<double>(table.latency().percentile_us(0.5)) / 1000;
  json["commit_to_ack_p99_ms"] = static_cast<double>(table.latency().percentile_us(0.99)) / 1000;
  return replace_file(options_.common.json_file, json.dump(2) + "\n", Durability::kUnsafe);
}

void Run::print_waiting() {
  const auto waiting = store_->table().waiting(kMaxListed + 1);
  for (size_t i = 0; i < std::min(waiting.size(), kMaxListed); ++i) {
    console_.print("not acknowledged: " + options_.storage + "/" + std::to_string(waiting[i].id) + " LSN " +
                   std::to_string(waiting[i].first) + " to " + std::to_string(waiting[i].last));
  }
  if (waiting.size() > kMaxListed) console_.print("not acknowledged: ... and more partitions");
}

void Run::print_summary(Outcome outcome) {
  PartitionTable& table = store_->table();
  const double seconds = archiving_end_.wall_s - archiving_begin_.wall_s;
  if (outcome != Outcome::kDone) {
    print_waiting();
    const char* why = outcome == Outcome::kInterrupted ? "interrupted"
                      : outcome == Outcome::kTimeout   ? "gave up after --timeout"
                                                       : "failed";
    console_.print(std::string(why) + " with " + std::to_string(table.unconfirmed()) +
                   " entries not acknowledged; the same command again" +
                   (options_.earlier.is_wanted() ? ", without --clone-of and --restore-to," : "") +
                   " continues from here");
  }
  if (swap_pending_) {
    console_.print("the sink was not swapped: only " + std::to_string(table.acknowledged()) +
                   " of --swap-at " + std::to_string(options_.swap_at) + " entries are acknowledged");
  }
  char text[256];
  std::snprintf(
      text, sizeof(text), "archived %llu entries in %.2f s, %.0f entries/s, %.1f MiB/s, p99 %.1f ms",
      static_cast<unsigned long long>(table.confirmed()), seconds,
      seconds > 0 ? static_cast<double>(table.confirmed()) / seconds : 0.0,
      seconds > 0 ? static_cast<double>(table.confirmed() * mean_entry_bytes_) / seconds / 1048576 : 0.0,
      static_cast<double>(table.latency().percentile_us(0.99)) / 1000);
  std::string line = text;
  if (vanished_ > 0) line += ", " + std::to_string(vanished_) + " files vanished before they were committed";
  std::puts(line.c_str());
}

int Run::execute() {
  if (auto opened = open(); !opened) {
    fail(opened.error().message);
    return kExitFailed;
  }
  if (auto dealt = deal(); !dealt) {
    fail(dealt.error().message);
    return kExitFailed;
  }
  make_committer();
  Result<Outcome> outcome = Outcome::kDone;
  if (options_.commit_first) outcome = commit_phase();
  if (outcome && *outcome == Outcome::kDone) outcome = archive_phase();
  if (!outcome) fail(outcome.error().message);
  const Outcome how = outcome ? *outcome : Outcome::kFailed;
  if (auto finished = finish(how); !finished) fail(finished.error().message);
  console_.refresh(progress(true));
  print_summary(how);
  if (!options_.common.json_file.empty()) {
    if (auto written = write_json(how); !written) fail(written.error().message);
  }
  if (how == Outcome::kInterrupted) return kExitInterrupted;
  if (how == Outcome::kTimeout) return kExitTimeout;
  return how == Outcome::kDone && !failed_ && !services_->broken_promise() ? kExitOk : kExitFailed;
}

}  // namespace

int run(const RunOptions& options, Signals& signals) {
  if (options.earlier.is_wanted()) {
    const auto taken = take_state(options.common.data, options.earlier,
                                  options.no_fsync ? Durability::kUnsafe : Durability::kFsync);
    if (!taken) {
      Console().print("host-sim: " + taken.error().message);
      return kExitFailed;
    }
    if (options.sink.empty()) return kExitOk;
  }
  return Run(options, signals).execute();
}

}  // namespace tidemark::host
