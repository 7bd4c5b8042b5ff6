#include "log/log.h"

#include <spdlog/sinks/sink.h>

#include <string_view>

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

tidemark_str abi_text(std::string_view text) { return {text.data(), text.size()}; }

// Hands the bare message on; the host adds time and place as it likes. No lock: the host's callback has its
// own.
class HostSink final : public spdlog::sinks::sink {
 public:
  HostSink(HostLog callback, void* ctx) : callback_(callback), ctx_(ctx) {}

  void log(const spdlog::details::log_msg& line) override {
    callback_(ctx_, abi_level(line.level), {line.logger_name.data(), line.logger_name.size()},
              {line.payload.data(), line.payload.size()});
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  HostLog callback_;
  void* ctx_;
};

}  // namespace

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

Log::Log(HostLog callback, void* ctx, int32_t level) {
  root_ = callback == nullptr
              ? std::make_shared<spdlog::logger>("tidemark")
              : std::make_shared<spdlog::logger>("tidemark", std::make_shared<HostSink>(callback, ctx));
  root_->set_level(callback == nullptr ? spdlog::level::off : spdlog_level(level));
  root_->set_error_handler([callback, ctx](const std::string&) {
    if (callback != nullptr) callback(ctx, TIDEMARK_LOG_ERROR, abi_text("tidemark"), abi_text(kLineLost));
  });
}

std::shared_ptr<spdlog::logger> Log::component(const std::string& name) const { return root_->clone(name); }

}  // namespace tidemark::log
