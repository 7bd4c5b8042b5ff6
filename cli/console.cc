#include "console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "format/lsn.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr size_t kMaxInfos = 1000;
constexpr auto kDrawInterval = std::chrono::milliseconds(100);

size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Console& console() {
  static Console the_console;
  return the_console;
}

std::optional<ProgressWish> parse_progress(std::string_view text) {
  if (text.empty() || text == "auto") return ProgressWish{};
  if (text == "none") return ProgressWish{false, ProgressKind::kNone};
  constexpr std::string_view kPlain = "plain", kWithInterval = "plain:";
  if (text == kPlain) return ProgressWish{false, ProgressKind::kPlain};
  if (!text.starts_with(kWithInterval)) return std::nullopt;
  const auto seconds = parse_decimal(text.substr(kWithInterval.size()));
  if (!seconds || *seconds == 0 || *seconds > 86'400) return std::nullopt;
  return ProgressWish{false, ProgressKind::kPlain, std::chrono::seconds(*seconds)};
}

Console::Console() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void Console::set_verbosity(int verbosity) {
  MutexLock lock(mutex_);
  verbosity_ = verbosity;
}

const char* Console::log_level_name(bool at_least_info) {
  MutexLock lock(mutex_);
  if (verbosity_ == 0 && !at_least_info) return "warn";
  return verbosity_ <= 1 ? "info" : "debug";
}

void Console::clear_line() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

void Console::clear() {
  MutexLock lock(mutex_);
  clear_line();
}

void Console::print(const std::string& line) {
  MutexLock lock(mutex_);
  clear_line();
  std::fprintf(stderr, "tidemark: %s\n", line.c_str());
}

void Console::log(int32_t level, const std::string& component, const std::string& line) {
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  MutexLock lock(mutex_);
  const bool is_kept =
      (level == TIDEMARK_LOG_INFO || level == TIDEMARK_LOG_WARN) && component.rfind("sink", 0) == 0;
  if (is_kept && keeping_ && infos_.size() < kMaxInfos) infos_.push_back(line);
  if (level < TIDEMARK_LOG_WARN && verbosity_ == 0) return;
  clear_line();
  std::fprintf(stderr, "%s: %s: %s\n", kNames[std::clamp(level, 0, 3)], component.c_str(), line.c_str());
}

void Console::keep_infos() {
  MutexLock lock(mutex_);
  keeping_ = true;
}

std::vector<std::string> Console::take_infos() {
  MutexLock lock(mutex_);
  keeping_ = false;
  return std::exchange(infos_, {});
}

ProgressKind Console::progress_kind() const {
  if (!progress_.is_auto) return progress_.kind;
  return terminal_ ? ProgressKind::kLine : ProgressKind::kPlain;
}

void Console::show(const std::string& progress) {
  MutexLock lock(mutex_);
  std::fprintf(stderr, "\r%s\x1b[K", progress.substr(0, terminal_columns() - 1).c_str());
  std::fflush(stderr);
  shown_ = true;
}

std::string progress_text(uint64_t items, uint64_t done_bytes, uint64_t total_bytes, double seconds) {
  std::string text = count_text(items, "archive", "archives");
  if (total_bytes > 0) {
    const double share = static_cast<double>(done_bytes) / static_cast<double>(total_bytes);
    text += "  " + std::to_string(static_cast<int>(std::min(1.0, share) * 100)) + " %  " +
            bytes_text(done_bytes) + " of " + bytes_text(total_bytes);
  } else {
    text += "  " + bytes_text(done_bytes);
  }
  if (seconds < 0.5 || done_bytes == 0) return text;
  const double rate = static_cast<double>(done_bytes) / seconds;
  text += "  " + bytes_text(static_cast<uint64_t>(rate)) + "/s";
  if (total_bytes > done_bytes)
    text += "  " + seconds_text(static_cast<double>(total_bytes - done_bytes) / rate) + " left";
  return text;
}

void Progress::update(uint64_t items, uint64_t done_bytes, uint64_t total_bytes) {
  const ProgressKind kind = console().progress_kind();
  if (kind == ProgressKind::kNone) return;
  const auto now = Clock::now();
  {
    MutexLock lock(mutex_);
    const Clock::duration interval =
        kind == ProgressKind::kLine ? Clock::duration(kDrawInterval) : console().progress_interval();
    if (now - told_ < interval) return;
    told_ = now;
  }
  const std::string text =
      progress_text(items, done_bytes, total_bytes, std::chrono::duration<double>(now - begin_).count());
  if (kind == ProgressKind::kLine) {
    console().show(text);
  } else {
    console().print(text);
  }
}

bool Progress::wants_total() const {
  const ProgressKind kind = console().progress_kind();
  return kind == ProgressKind::kLine ||
         (kind == ProgressKind::kPlain && Clock::now() - begin_ >= console().progress_interval() / 2);
}

}  // namespace tidemark::cli
