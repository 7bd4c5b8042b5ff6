// What a run says to Prometheus (--metrics FILE): one file for the textfile collector of node exporter,
// written when the run ends, however it ends. The time of the last success is kept from the file before.
//
// Main thread.
#ifndef TIDEMARK_CLI_RUN_METRICS_H
#define TIDEMARK_CLI_RUN_METRICS_H

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "error.h"
#include "options.h"

namespace tidemark::cli {

class RunMetrics {
 public:
  // `verb` is a part of names: tidemark_<verb>_exit_code.
  RunMetrics(std::string verb, MetricsWish wish) : verb_(std::move(verb)), wish_(std::move(wish)) {}

  // A gauge tidemark_<verb>_<name>, of which there may be one for each `kind`. Values of one name come one
  // after the other.
  void set(const std::string& name, const std::string& help, double value, const std::string& kind = {});
  // Whether the file may be written: asked before a run that may take hours.
  Result<void> check() const;
  // Writes the file, if one is wanted, and gives the code with which the program ends: `code`, unless all was
  // well but the file cannot be written. A run that is no real one (prune without --yes) is no success of it.
  int finish(int code, bool is_real = true);

 private:
  std::string full_name(const std::string& name) const { return "tidemark_" + verb_ + "_" + name; }
  std::string labels(const std::string& kind) const;
  // Of the last run that ended with 0, by the file that is there; 0: none.
  double last_success_s() const;

  const std::string verb_;
  const MetricsWish wish_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::string last_name_;
  std::string text_;
};

// Of a command line that was refused before anything was done: what it names with --metrics says so, if it is
// such a file.
void tell_refused(int argc, const char* const* argv, int code);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RUN_METRICS_H
