// The command line. Parsing checks every value on its own and what goes together.
#ifndef TIDEMARK_HOST_SIM_OPTIONS_H
#define TIDEMARK_HOST_SIM_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "earlier_state.h"
#include "entry_writer.h"
#include "plugin.h"

namespace tidemark::host {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitTimeout = 3,
  kExitInterrupted = 130
};

struct CommonOptions {
  std::string data;
  std::string plugin;
  std::vector<Setting> plugin_options;
  std::vector<Setting> sink_options;
  int32_t log_level = TIDEMARK_LOG_WARN;
  std::string json_file;
  uint64_t epoch = 0;  // whose history is read back; 0: the newest
};

struct RunOptions {
  CommonOptions common;
  EarlierState earlier;  // taken first
  std::string sink;      // empty with `earlier`: nothing more is wanted
  std::string storage = "main";
  std::string from;
  uint64_t limit = UINT64_MAX;
  uint64_t entries = 1000;
  PayloadShape shape;
  uint64_t partitions = 4;
  double rate = 0;  // entries per second; 0: as fast as it goes
  std::string swap_sink;
  std::vector<Setting> swap_options;
  uint64_t swap_at = 0;
  uint64_t crash_at = 0;  // 0: never
  bool no_lineage = false;
  bool keep_acked = false;
  bool commit_first = false;
  bool no_fsync = false;
  uint64_t max_backlog = 4096;
  uint32_t commit_threads = 4;
  double timeout_s = 0;  // 0: none
  std::string metrics_file;
};

struct VerifyOptions {
  CommonOptions common;
  std::vector<std::string> sinks;
  std::string temporary;
  uint32_t jobs = 0;  // partitions at a time; 0: 8 or one for each core - a restored entry waits for the disk
};

struct RecoverOptions {
  CommonOptions common;
  std::string sink;
  uint32_t jobs = 0;  // as of VerifyOptions
};

struct BenchOptions {
  CommonOptions common;  // `data` may be empty: a temporary directory, removed in the end
  std::string sink;
  uint64_t entries = 4000;
  PayloadShape shape;
  uint64_t partitions = 4;
  double rate = 0;       // entries per second; 0: all are there before the first is notified
  double timeout_s = 0;  // of the archiving; 0: none
  bool profile = false;
  std::string metrics_file;
};

// The command, or the exit code when there is nothing to run (help was shown, or an error was printed).
using Command = std::variant<RunOptions, VerifyOptions, RecoverOptions, BenchOptions, int>;
Command parse_command_line(int argc, char** argv);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_OPTIONS_H
