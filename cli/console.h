// What goes to stderr: messages, the plugin's log, and on a terminal a progress line below them that is
// always the last. One console for the process; any thread.
#ifndef TIDEMARK_CLI_CONSOLE_H
#define TIDEMARK_CLI_CONSOLE_H

#include <tidemark/base.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/mutex.h"

namespace tidemark::cli {

class Console {
 public:
  Console();
  // 0: warnings and errors of the plugin, 1: INFO too, 2: everything.
  void set_verbosity(int verbosity) TM_EXCLUDES(mutex_);
  const char* log_level_name(bool at_least_info) TM_EXCLUDES(mutex_);
  bool is_terminal() const { return terminal_; }

  void print(const std::string& line) TM_EXCLUDES(mutex_);  // "tidemark: <line>"
  void log(int32_t level, const std::string& component, const std::string& line) TM_EXCLUDES(mutex_);
  // From keep_infos() to take_infos() what the sink logs at INFO and WARN is kept; otherwise only -v shows
  // INFO.
  void keep_infos() TM_EXCLUDES(mutex_);
  std::vector<std::string> take_infos() TM_EXCLUDES(mutex_);
  void show(const std::string& progress) TM_EXCLUDES(mutex_);  // nothing unless it is a terminal
  void clear() TM_EXCLUDES(mutex_);

 private:
  void clear_line() TM_REQUIRES(mutex_);

  const bool terminal_;
  Mutex mutex_;
  int verbosity_ TM_GUARDED_BY(mutex_) = 0;
  bool shown_ TM_GUARDED_BY(mutex_) = false;
  bool keeping_ TM_GUARDED_BY(mutex_) = false;
  std::vector<std::string> infos_ TM_GUARDED_BY(mutex_);
};

Console& console();

// Progress of a long work, with its rate and the time left. Main thread; the destructor removes the line.
class Progress {
 public:
  Progress() = default;
  ~Progress() { console().clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws at most ten times a second. total_bytes 0: not known yet.
  void update(uint64_t items, uint64_t done_bytes, uint64_t total_bytes);

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_ = begin_;
};

// "1234 archives  12 %  1.2 GiB of 10.0 GiB  300.0 MiB/s  30 s left"
std::string progress_text(uint64_t items, uint64_t done_bytes, uint64_t total_bytes, double seconds);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_CONSOLE_H
