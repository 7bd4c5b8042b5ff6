#include "bridge/keeper.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/blocked_signals.h"
#include "base/fd.h"
#include "base/files.h"
#include "base/guard.h"

namespace tidemark::postgres {

namespace {

// Whoever collects metrics is another user, and the server lets nobody read what it creates.
Status replace_public_file(const std::string& path, std::string_view text) {
  const std::string next = path + ".tmp";
  const UniqueFd fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd || ::fchmod(fd.get(), 0644) != 0) return fail_errno(errno, next);
  TM_TRY(write_all(fd.get(), text, next));
  if (::rename(next.c_str(), path.c_str()) != 0) return fail_errno(errno, path);
  return {};
}

// The file sink makes the directory that its url names. Here a mistyped one, or one that is not mounted,
// would take the log for an archive that nobody looks at.
Status check_directory(const std::string& url) {
  constexpr std::string_view kScheme = "file://";
  if (!url.starts_with(kScheme)) return {};
  const std::string path = url.substr(kScheme.size(), url.find('?') - kScheme.size());
  struct stat status {};
  if (path.find('%') != std::string::npos || (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)))
    return {};
  return fail(TIDEMARK_E_INVALID,
              "tidemark.sink: the directory " + path +
                  " is not there: is it mounted, and spelled right? It is not created; make it first");
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

// One round: what is due now, or a wait for it.
void Keeper::attend() {
  Settings settings;
  bool is_due = false;
  {
    MutexLock lock(mutex_);
    const uint64_t now_ms = monotonic_ms();
    is_due = is_changed_ || (retry_at_ms_ != 0 && now_ms >= retry_at_ms_);
    if (!is_due && now_ms < metrics_at_ms_) {
      const uint64_t next_ms = retry_at_ms_ == 0 ? metrics_at_ms_ : std::min(metrics_at_ms_, retry_at_ms_);
      if (!closing_) changed_.wait_ms(mutex_, static_cast<uint32_t>(next_ms - now_ms));
      return;
    }
    settings = wish_;
    is_changed_ = false;
  }
  if (is_due) apply(settings);
  if (monotonic_ms() < metrics_at_ms_) return;
  metrics_at_ms_ = monotonic_ms() + kMetricsMs;
  if (!settings.metrics_file.empty()) write_metrics(settings.metrics_file);
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
  TM_TRY(check_directory(settings.sink.url));
  std::vector<SinkOption> options;
  if (!settings.sink.options_file.empty()) {
    TM_ASSIGN(options, read_options_file(settings.sink.options_file));
  }
  if (!is_started_ || run_ != settings.run) return replace_archiver(settings, options);
  tidemark_call call{};
  call.struct_size = sizeof(call);
  call.ctx = this;
  call.is_cancelled = &is_closing;
  Archiver* at_work = nullptr;
  {
    MutexLock lock(archiver_mutex_);
    at_work = archiver_.get();  // only this thread replaces it
  }
  TM_TRY(at_work->set_sink(settings.sink.url, options, call));
  sink_ = settings.sink;
  return {};
}

// The old one works until the new one has its sink, and ends before the new one begins: its callbacks would
// write into the same book, and it holds the lineage file.
Status Keeper::replace_archiver(const Settings& settings, const std::vector<SinkOption>& options) {
  tidemark_call call{};
  call.struct_size = sizeof(call);
  call.ctx = this;
  call.is_cancelled = &is_closing;
  const tidemark_host host = services_.table();
  TM_ASSIGN(std::unique_ptr<Archiver> next,
            Archiver::create(settings.run.plugin, host, archiver_options(settings.run)));
  TM_TRY(next->set_sink(settings.sink.url, options, call));
  std::unique_ptr<Archiver> last;
  {
    MutexLock lock(archiver_mutex_);
    last = std::move(archiver_);
  }
  is_started_ = false;
  last.reset();
  services_.begin_run();
  TM_TRY(next->start());
  {
    MutexLock lock(archiver_mutex_);
    archiver_ = std::move(next);
  }
  is_started_ = true;
  sink_ = settings.sink;
  run_ = settings.run;
  services_.begin_run();  // now it can be notified
  return {};
}

void Keeper::write_metrics(const std::string& path) {
  const auto text = [this]() -> Result<std::string> {
    MutexLock lock(archiver_mutex_);
    if (!archiver_) return std::string();
    return archiver_->metrics();
  }();
  const Status written = !text ? Status(text.error()) : replace_public_file(path, *text);
  if (!written)
    services_.messages().add(TIDEMARK_LOG_WARN, "tidemark.metrics_file: " + written.error().message,
                             monotonic_ms());
}

}  // namespace tidemark::postgres
