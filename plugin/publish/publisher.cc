#include "publish/publisher.h"

#include <pthread.h>

#include <system_error>
#include <utility>

#include "base/blocked_signals.h"
#include "base/files.h"
#include "base/guard.h"

namespace tidemark::publish {
namespace {

constexpr std::string_view kFileBeginning = "# HELP tidemark_";  // what each rendering begins with

}  // namespace

Publisher::Publisher(config::Publishing config, std::optional<HttpLibrary> http, log::Logger logger,
                     Render render)
    : config_(std::move(config)), http_(http), logger_(std::move(logger)), render_(std::move(render)) {}

Status Publisher::start() {
  if (!config_.is_wanted()) return {};
  {
    const MutexLock lock(mutex_);
    stopping_ = false;
  }
  open_listener();
  write_file();
  const BlockedSignals blocked;
  try {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "tidemark-metric");
      run();
    });
  } catch (const std::system_error& problem) {
    listener_.reset();
    return fail(
        TIDEMARK_E_RETRYABLE,
        std::string("cannot start the thread of metrics, out of memory or of threads: ") + problem.what());
  }
  return {};
}

void Publisher::stop() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  listener_.reset();
  write_file();
}

void Publisher::run() noexcept {
  using std::chrono::steady_clock;
  for (;;) {
    const auto due = steady_clock::now() + std::chrono::milliseconds(config_.interval_ms);
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && steady_clock::now() < due) changed_.wait_until(mutex_, due);
      if (stopping_) return;
    }
    open_listener();
    write_file();
  }
}

void Publisher::write_file() noexcept {
  if (config_.file.empty()) return;
  const Status written = guarded([this]() -> Status {
    TM_TRY(may_replace(config_.file, kFileBeginning));
    return replace_file(config_.file, render_(metrics::Format::kText), Durability::kUnsafe, ReadableBy::kAll);
  });
  file_trouble_.tell(logger_, written, "metrics_file");
}

void Publisher::open_listener() noexcept {
  if (!config_.listen) return;
  if (listener_ != nullptr && listener_->is_reachable()) return;
  listener_.reset();
  const Status opened = guarded([this]() -> Status {
    TM_ASSIGN(listener_, Listener::open(*http_, *config_.listen, render_));
    return {};
  });
  listen_trouble_.tell(logger_, opened, "metrics_listen");
  if (!opened) return;
  logger_.line(TIDEMARK_LOG_INFO, [this] { return "metrics are served at " + listener_->place(); });
}

void Publisher::Trouble::tell(const log::Logger& logger, const Status& status, const char* option) {
  if (status) {
    if (is_told_) logger.line(TIDEMARK_LOG_INFO, [option] { return std::string(option) + ": works again"; });
    is_told_ = false;
    return;
  }
  if (is_told_) return;
  is_told_ = true;
  logger.line(TIDEMARK_LOG_WARN, [&] {
    return std::string(option) + ": " + status.error().message +
           "; archiving continues, and this is tried again";
  });
}

}  // namespace tidemark::publish
