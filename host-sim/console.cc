#include "console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tidemark::host {

namespace {

constexpr size_t kMaxQueuedLines = 1000;
constexpr auto kPlainInterval = std::chrono::seconds(5);
constexpr auto kRateInterval = std::chrono::milliseconds(500);

unsigned terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string time_left(double seconds) {
  if (seconds < 100) return std::to_string(std::lround(std::ceil(seconds))) + " s left";
  if (seconds < 6000) return std::to_string(std::lround(seconds / 60)) + " min left";
  if (seconds > 99 * 3600) return "more than 99 h left";
  return std::to_string(std::lround(seconds / 3600)) + " h left";
}

}  // namespace

std::string progress_text(const ProgressState& state, double rate, unsigned columns) {
  const double share =
      state.total == 0 ? 1
                       : std::min(1.0, static_cast<double>(state.done) / static_cast<double>(state.total));
  std::string text = std::to_string(static_cast<int>(share * 100)) + " %  " + std::to_string(state.done) +
                     "/" + std::to_string(state.total);
  if (rate >= 0) text += "  " + std::to_string(std::lround(rate)) + "/s";
  if (state.show_lag) text += "  lag " + std::to_string(state.lag);
  if (rate > 0 && state.done < state.total) {
    text += "  " + time_left(static_cast<double>(state.total - state.done) / rate);
  }
  constexpr unsigned kLeastBar = 10;
  if (columns < text.size() + kLeastBar + 4) return columns == 0 ? text : text.substr(0, columns);
  const auto width = static_cast<size_t>(std::min<size_t>(columns - text.size() - 4, 40));
  const auto filled = static_cast<size_t>(share * static_cast<double>(width));
  std::string bar(filled, '=');
  if (filled < width) bar += '>';
  bar.resize(width, ' ');
  return "[" + bar + "]  " + text;
}

Console::Console()
    : terminal_(::isatty(STDERR_FILENO) == 1),
      last_shown_(std::chrono::steady_clock::now()),
      rate_since_(last_shown_) {}

Console::~Console() {
  print_queued();
  clear_bar();
}

void Console::post(std::string line) {
  MutexLock lock(mutex_);
  if (queue_.size() >= kMaxQueuedLines) {
    ++dropped_;
  } else {
    queue_.push_back(std::move(line));
  }
}

void Console::clear_bar() {
  if (bar_shown_) std::fputs("\r\x1b[K", stderr);
  bar_shown_ = false;
}

void Console::print(const std::string& line) {
  clear_bar();
  std::fprintf(stderr, "%s\n", line.c_str());
}

void Console::print_queued() {
  std::deque<std::string> lines;
  uint64_t dropped = 0;
  {
    MutexLock lock(mutex_);
    lines.swap(queue_);
    std::swap(dropped, dropped_);
  }
  for (const std::string& line : lines) print(line);
  if (dropped > 0)
    print("(" + std::to_string(dropped) + " more lines were dropped: they came too fast to print)");
}

void Console::refresh(const ProgressState& state) {
  print_queued();
  const auto now = std::chrono::steady_clock::now();
  if (rate_ < 0 && rate_from_ == 0) rate_from_ = state.done;
  if (now - rate_since_ >= kRateInterval) {
    const double seconds = std::chrono::duration<double>(now - rate_since_).count();
    const double current = static_cast<double>(state.done - std::min(state.done, rate_from_)) / seconds;
    rate_ = rate_ < 0 ? current : 0.7 * rate_ + 0.3 * current;
    rate_since_ = now;
    rate_from_ = state.done;
  }
  if (terminal_) {
    std::fprintf(stderr, "\r%s\x1b[K", progress_text(state, rate_, terminal_columns() - 1).c_str());
    bar_shown_ = true;
    std::fflush(stderr);
  } else if (now - last_shown_ >= kPlainInterval) {
    std::fprintf(stderr, "%s\n", progress_text(state, rate_, 0).c_str());
    last_shown_ = now;
  }
}

}  // namespace tidemark::host
