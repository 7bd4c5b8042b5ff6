#include "bridge/keeper.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "base/blocked_signals.h"
#include "base/guard.h"
#include "base/line.h"
#include "base/printable.h"
#include "bridge/data_directory.h"
#include "bridge/history.h"
#include "bridge/spools.h"

namespace tidemark::postgres {

namespace {

// So that who reads the log knows what to mend.
Status of_setting(const char* name, const std::string& value, Status status) {
  if (status) return status;
  Error error = std::move(status.error());
  error.message = std::string(name) + " = " + quote(value) + ": " + error.message;
  return error;
}

std::string batch_warning(uint32_t batch_entries) {
  return "tidemark.batch_entries = " + std::to_string(batch_entries) +
         " and tidemark.lineage = off: a second server that writes the same timeline to the same place cuts "
         "its "
         "batches in another way, and is noticed late. Where that can happen set tidemark.batch_entries = 1, "
         "or "
         "give each server a prefix of its own";
}

}  // namespace

Status Keeper::start(Settings settings) {
  change(std::move(settings));
  const BlockedSignals blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return fail(TIDEMARK_E_RETRYABLE, std::string("cannot start a thread: ") + error.what());
  }
  return {};
}

Keeper::~Keeper() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  archiver_.reset();
}

void Keeper::change(Settings settings) {
  MutexLock lock(mutex_);
  wish_ = std::move(settings);
  is_changed_ = true;
  changed_.notify_all();
}

Status Keeper::notify(const Place& place, uint64_t low, uint64_t high) {
  MutexLock lock(archiver_mutex_);
  if (!archiver_) return fail(TIDEMARK_E_NOT_FOUND, "the archiver is not at work yet");
  return archiver_->notify(place.storage, place.partition, low, high);
}

Result<bool> Keeper::holds(const Place& place) {
  MutexLock lock(archiver_mutex_);
  if (!archiver_) return fail(TIDEMARK_E_NOT_FOUND, "the archiver is not at work yet");
  tidemark_call call{};
  call.struct_size = sizeof(call);
  call.timeout_ms = 800;  // DROP DATABASE may wait for the main thread
  return archiver_->holds(place.storage, place.partition, place.lsn, call);
}

void Keeper::run() noexcept {
  while (!closing_) {
    const auto done = guarded([this] {
      attend();
      return Status();
    });
    if (done) continue;
    if_there_is_memory(
        [&] { services_.messages().add(TIDEMARK_LOG_WARN, done.error().message, monotonic_ms()); });
    MutexLock lock(mutex_);
    if (!closing_) changed_.wait_ms(mutex_, kRetryFirstMs);
  }
}

uint64_t Keeper::wake_at_ms() const {
  uint64_t at_ms = round_at_ms_;
  if (retry_at_ms_ != 0) at_ms = std::min(at_ms, retry_at_ms_);
  return look_back_at_ms_ == 0 ? at_ms : std::min(at_ms, look_back_at_ms_);
}

// One round: what is due now, or a wait for it.
void Keeper::attend() {
  Settings settings;
  bool is_due = false;
  {
    MutexLock lock(mutex_);
    const uint64_t now_ms = monotonic_ms();
    is_due = is_changed_ || (retry_at_ms_ != 0 && now_ms >= retry_at_ms_);
    const uint64_t next_ms = wake_at_ms();
    if (!is_due && now_ms < next_ms) {
      if (!closing_) changed_.wait_ms(mutex_, static_cast<uint32_t>(next_ms - now_ms));
      return;
    }
    settings = wish_;
    is_changed_ = false;
  }
  if (is_due) apply(settings);
  look_back();
  if (monotonic_ms() < round_at_ms_) return;
  if (!is_tidy_) tidy();
  round_at_ms_ = monotonic_ms() + kRoundMs;
}

void Keeper::apply(const Settings& settings) {
  retry_at_ms_ = 0;
  const Status done = guarded([&] { return bring_about(settings); });
  if (done) return;
  if (closing_) return;
  const bool is_at_work = is_started_;
  retry_at_ms_ = monotonic_ms() + (is_at_work ? kRetrySwapMs : kRetryFirstMs);
  std::string text = done.error().message;
  if (is_at_work) text += " (what was set before stays at work)";
  if (!is_at_work) services_.with_book([&](Book& book) { book.all_failing(text); });
  services_.messages().add(TIDEMARK_LOG_WARN, std::move(text), monotonic_ms());
}

Status Keeper::bring_about(const Settings& settings) {
  if (is_started_ && sink_ == settings.sink && run_ == settings.run) return {};
  warn_of_metrics(settings.run.metrics_file);
  TM_TRY(
      of_setting("tidemark.sink", printable_url(settings.sink.url), check_sink_directory(settings.sink.url)));
  std::vector<SinkOption> options;
  if (!settings.sink.options_file.empty()) {
    auto read = read_options_file(settings.sink.options_file);
    if (!read) return of_setting("tidemark.sink_options_file", settings.sink.options_file, read.error());
    options = *std::move(read);
  }
  if (!is_started_ || run_ != settings.run) return replace_archiver(settings, options);
  Archiver& archiver = *at_work();
  returns_.note();
  TM_TRY(of_setting("tidemark.sink", printable_url(settings.sink.url),
                    archiver.set_sink(settings.sink.url, options, cancellable_call())));
  returns_.switched(sink_->url, settings.sink.url);
  sink_ = settings.sink;
  begin_with(archiver);
  return {};
}

// The archiver says so too, but not by the name of the setting.
void Keeper::warn_of_metrics(const std::string& file) {
  if (const Status found = check_metrics_file(file); !found)
    services_.messages().add(
        TIDEMARK_LOG_WARN, of_setting("tidemark.metrics_file", file, found).error().message, monotonic_ms());
}

Archiver* Keeper::at_work() {
  MutexLock lock(archiver_mutex_);
  return archiver_.get();
}

tidemark_call Keeper::cancellable_call() {
  tidemark_call call{};
  call.struct_size = sizeof(call);
  call.ctx = this;
  call.is_cancelled = [](void* self) { return static_cast<Keeper*>(self)->closing_ ? 1 : 0; };
  return call;
}

// What a recovery has left that ended in another way than by its last `get`: when a standby is promoted, or
// when it was broken off.
void Keeper::tidy() {
  const std::string data = services_.data_directory();
  if (is_standby(data) || is_in_recovery(data)) return;
  is_tidy_ = true;
  if (const size_t removed = remove_spools(spool_parent(services_.wal_directory())); removed > 0)
    services_.messages().add(TIDEMARK_LOG_INFO,
                             "removed " + std::to_string(removed) + " spools of recoveries that are over",
                             monotonic_ms());
}

// Another run, or another sink.
void Keeper::begin_with(Archiver& archiver) {
  look_back_at_ms_ = monotonic_ms();
  if (const Status offered = offer_histories(archiver); !offered)
    services_.messages().add(TIDEMARK_LOG_WARN, offered.error().message, monotonic_ms());
}

// PostgreSQL offers a history when its timeline begins, and never again: not if archiving was off then, nor
// for another sink. Without it no recovery finds the timeline. What the archive has is compared.
Status Keeper::offer_histories(Archiver& archiver) {
  const std::string directory = services_.wal_directory();
  TM_ASSIGN(const uint32_t timeline, own_timeline(directory, services_.cluster()));
  TM_ASSIGN(const auto numbers, own_histories(directory, timeline));
  for (const uint32_t number : numbers) {
    if (::access((directory + "/" + history_name(number)).c_str(), F_OK) != 0) continue;
    const Place place = place_of({WalKind::kHistory, number, 0, 0}, services_.cluster());
    TM_TRY(archiver.notify(place.storage, place.partition, place.lsn, place.lsn));
  }
  return {};
}

void Keeper::look_back() {
  if (look_back_at_ms_ == 0 || monotonic_ms() < look_back_at_ms_) return;
  Archiver* const archiver = at_work();  // none: it could not be started
  if (archiver != nullptr && !returns_.is_over()) returns_.look(*archiver, cancellable_call());
  look_back_at_ms_ = returns_.is_over() ? 0 : monotonic_ms() + ReturnWatch::kLookMs;
}

// The old one works until the new one has its sink, and ends before the new one begins: its callbacks would
// write into the same book, and it holds the lineage file.
Status Keeper::replace_archiver(const Settings& settings, const std::vector<SinkOption>& options) {
  const tidemark_host host = services_.table();
  auto created =
      Archiver::create(settings.run.plugin, host, archiver_options(settings.run, services_.data_directory()));
  if (!created) {
    if (settings.run.plugin.empty()) return created.error();
    return of_setting("tidemark.plugin", settings.run.plugin, created.error());
  }
  std::unique_ptr<Archiver> next = *std::move(created);
  TM_TRY(of_setting("tidemark.sink", printable_url(settings.sink.url),
                    next->set_sink(settings.sink.url, options, cancellable_call())));
  std::unique_ptr<Archiver> last;
  {
    MutexLock lock(archiver_mutex_);
    last = std::move(archiver_);
  }
  is_started_ = false;
  last.reset();
  returns_.note();
  services_.begin_run();
  TM_TRY(next->start());
  Archiver& archiver = *next;
  {
    MutexLock lock(archiver_mutex_);
    archiver_ = std::move(next);
  }
  is_started_ = true;
  if (sink_) returns_.switched(sink_->url, settings.sink.url);
  sink_ = settings.sink;
  run_ = settings.run;
  services_.begin_run();  // now it can be notified
  if (settings.run.batch_entries > 1 && settings.run.lineage_file.empty())
    services_.messages().add(TIDEMARK_LOG_WARN, batch_warning(settings.run.batch_entries), monotonic_ms());
  begin_with(archiver);
  return {};
}

}  // namespace tidemark::postgres
