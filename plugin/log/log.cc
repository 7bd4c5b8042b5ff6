#include "log/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/sink.h>

#include <thread>

#include "base/line.h"

namespace tidemark::log {
namespace {

int32_t abi_level(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return TIDEMARK_LOG_DEBUG;
    case spdlog::level::info:
      return TIDEMARK_LOG_INFO;
    case spdlog::level::warn:
      return TIDEMARK_LOG_WARN;
    default:
      return TIDEMARK_LOG_ERROR;
  }
}

spdlog::level::level_enum spdlog_level(int32_t level) {
  switch (level) {
    case TIDEMARK_LOG_DEBUG:
      return spdlog::level::debug;
    case TIDEMARK_LOG_INFO:
      return spdlog::level::info;
    case TIDEMARK_LOG_WARN:
      return spdlog::level::warn;
    case TIDEMARK_LOG_ERROR:
      return spdlog::level::err;
    default:
      return spdlog::level::off;
  }
}

tidemark_str abi_text(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

// On the stack of a thread for as long as the callback runs there.
class Log::Inside::Visit {
 public:
  explicit Visit(Inside& inside) : inside_(inside) {
    const MutexLock lock(inside_.mutex_);
    older_ = inside_.newest_;
    if (older_ != nullptr) older_->newer_ = this;
    inside_.newest_ = this;
  }
  ~Visit() {
    const MutexLock lock(inside_.mutex_);
    (newer_ != nullptr ? newer_->older_ : inside_.newest_) = older_;
    if (older_ != nullptr) older_->newer_ = newer_;
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  friend class Inside;
  Inside& inside_;
  const std::thread::id thread_ = std::this_thread::get_id();
  Visit* older_ = nullptr;
  Visit* newer_ = nullptr;
};

size_t Log::Inside::count_here() const {
  const MutexLock lock(mutex_);
  size_t count = 0;
  for (const Visit* at = newest_; at != nullptr; at = at->older_) {
    count += at->thread_ == std::this_thread::get_id() ? 1 : 0;
  }
  return count;
}

// Hands the bare message on; the host adds time and place as it likes. No lock: the host's callback has its
// own.
class Log::HostSink final : public spdlog::sinks::sink {
 public:
  HostSink(HostLog callback, void* ctx, std::shared_ptr<Inside> inside)
      : callback_(callback), ctx_(ctx), inside_(std::move(inside)) {}

  void log(const spdlog::details::log_msg& line) override {
    const std::string_view message(line.payload.data(), line.payload.size());
    if (is_clean_line(message)) return hand_on(line, message);
    hand_on(line, clean_line(message));
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  void hand_on(const spdlog::details::log_msg& line, std::string_view message) {
    const Inside::Visit visit(*inside_);
    callback_(ctx_, abi_level(line.level), {line.logger_name.data(), line.logger_name.size()},
              {message.data(), message.size()});
  }

  HostLog callback_;
  void* ctx_;
  std::shared_ptr<Inside> inside_;
};

Log::Log(HostLog callback, void* ctx, int32_t level) : inside_(std::make_shared<Inside>()) {
  root_ = callback == nullptr ? std::make_shared<spdlog::logger>("tidemark")
                              : std::make_shared<spdlog::logger>(
                                    "tidemark", std::make_shared<HostSink>(callback, ctx, inside_));
  root_->set_level(callback == nullptr ? spdlog::level::off : spdlog_level(level));
  root_->set_error_handler([callback, ctx](const std::string&) {
    if (callback != nullptr) callback(ctx, TIDEMARK_LOG_ERROR, abi_text("tidemark"), abi_text(kLineLost));
  });
}

Logger Log::component(const std::string& name) const { return Logger(root_->clone(name)); }

bool Logger::takes(int32_t level) const noexcept { return logger_->should_log(spdlog_level(level)); }

void Logger::write(int32_t level, std::string_view text) const noexcept {
  logger_->log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace tidemark::log
