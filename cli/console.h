// What goes to stderr: messages, the plugin's log, and on a terminal a progress line below them that is
// always the last. One console for the process; any thread.
#ifndef TIDEMARK_CLI_CONSOLE_H
#define TIDEMARK_CLI_CONSOLE_H

#include <tidemark/base.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace tidemark::cli {

// How the progress of a long work is told.
enum class ProgressKind : uint8_t {
  kNone,
  kLine,  // the last line of a terminal, drawn again and again
  kPlain  // a line now and then
};

struct ProgressWish {
  bool is_auto = true;  // a terminal's line, or plain if it is none
  ProgressKind kind = ProgressKind::kPlain;
  std::chrono::seconds interval{60};  // between two plain lines
};

// auto, plain, plain:SECONDS or none; empty: auto.
std::optional<ProgressWish> parse_progress(std::string_view text);

class Console {
 public:
  Console();
  // 0: warnings and errors of the plugin, 1: INFO too, 2: everything.
  void set_verbosity(int verbosity) TM_EXCLUDES(mutex_);
  const char* log_level_name(bool at_least_info) TM_EXCLUDES(mutex_);
  // Main thread, before others.
  void set_progress(const ProgressWish& wish) { progress_ = wish; }
  ProgressKind progress_kind() const;
  std::chrono::seconds progress_interval() const { return progress_.interval; }

  void print(const std::string& line) TM_EXCLUDES(mutex_);  // "tidemark: <line>"
  void log(int32_t level, const std::string& component, const std::string& line) TM_EXCLUDES(mutex_);
  // From keep_infos() to take_infos() what the sink logs at INFO and WARN is kept; otherwise only -v shows
  // INFO.
  void keep_infos() TM_EXCLUDES(mutex_);
  std::vector<std::string> take_infos() TM_EXCLUDES(mutex_);
  void show(const std::string& progress) TM_EXCLUDES(mutex_);  // the last line of a terminal
  void clear() TM_EXCLUDES(mutex_);

 private:
  void clear_line() TM_REQUIRES(mutex_);

  const bool terminal_;
  ProgressWish progress_;
  Mutex mutex_;
  int verbosity_ TM_GUARDED_BY(mutex_) = 0;
  bool shown_ TM_GUARDED_BY(mutex_) = false;
  bool keeping_ TM_GUARDED_BY(mutex_) = false;
  std::vector<std::string> infos_ TM_GUARDED_BY(mutex_);
};

Console& console();

// Progress of a long work, with its rate and the time left: one mechanism for all verbs. Any thread; the
// destructor removes the line.
class Progress {
 public:
  Progress() = default;
  ~Progress() { console().clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws at most ten times a second, or prints once in the interval. total_bytes 0: not known yet.
  void update(uint64_t items, uint64_t done_bytes, uint64_t total_bytes) TM_EXCLUDES(mutex_);
  // Whether it is worth while to find out how much there is in all: somebody watches, or a line is soon due.
  bool wants_total() const;

 private:
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin_ = Clock::now();
  Mutex mutex_;
  Clock::time_point told_ TM_GUARDED_BY(mutex_) = begin_;
};

// "1234 archives  12 %  1.2 GiB of 10.0 GiB  300.0 MiB/s  30 s left"
std::string progress_text(uint64_t items, uint64_t done_bytes, uint64_t total_bytes, double seconds);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_CONSOLE_H
