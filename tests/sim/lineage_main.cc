// sim_lineage: runs seeds until one breaks a rule, or all are done.
#include <CLI/CLI.hpp>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "lineage_simulation.h"
#include "number.h"
#include "violation.h"

namespace {

using tidemark::sim::Broken;
using tidemark::sim::LineageOptions;
using tidemark::sim::LineageStats;
using tidemark::sim::number;

char replay_line[160];  // for the signal handler
int replay_length = 0;

const std::map<std::string, Broken> kBroken = {{"names", Broken::kNamesWithoutEpoch},
                                               {"parent", Broken::kParentIsNewest},
                                               {"remembering", Broken::kRememberedLate}};

void say_replay(uint64_t seed) {
  replay_length = std::snprintf(replay_line, sizeof replay_line, "replay: sim_lineage --seed %llu --trace\n",
                                static_cast<unsigned long long>(seed));
}

// A failed assertion of the scheduler ends the process: say which seed it was.
void on_abort(int) {
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, replay_line, static_cast<size_t>(replay_length));
}

bool run_seed(const LineageOptions& options, LineageStats& stats) {
  say_replay(options.seed);
  try {
    stats.add(tidemark::sim::LineageSimulation(options).run());
    return true;
  } catch (const tidemark::sim::Violation& violation) {
    std::fflush(stdout);
    std::fprintf(stderr, "seed %llu: violated: %s\n%s", static_cast<unsigned long long>(options.seed),
                 violation.what(), replay_line);
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr uint64_t kDefaultSeeds = 3'000;
  constexpr uint64_t kLongSeeds = 100'000;
  const char* long_form = std::getenv("TIDEMARK_LONG");
  uint64_t seeds = long_form != nullptr && std::string_view(long_form) == "1" ? kLongSeeds : kDefaultSeeds;
  uint64_t first = 1;
  std::optional<uint64_t> seed;
  bool keeps_going = false;
  LineageOptions options;

  CLI::App app{"Deterministic simulation of several hosts on one store."};
  app.add_option("--seeds", seeds, "how many seeds to run (TIDEMARK_LONG=1: 100000)")->capture_default_str();
  app.add_option("--first-seed", first, "the first of them")->capture_default_str();
  app.add_option("--seed", seed, "run this one alone");
  app.add_option("--steps", options.steps, "steps of turbulence, instead of what the seed draws");
  app.add_option("--broken", options.broken, "without one of the rules that do not live in core")
      ->transform(CLI::CheckedTransformer(kBroken));
  app.add_flag("--strict", options.is_strict, "what a late beginning hides breaks a rule too");
  app.add_flag("--keep-going", keeps_going, "do not end at the first seed that breaks a rule");
  app.add_flag("--trace", options.trace, "print everything that happens");
  CLI11_PARSE(app, argc, argv);
  if (seed) {
    first = *seed;
    seeds = 1;
  }

  std::signal(SIGABRT, on_abort);
  LineageStats stats;
  uint64_t violations = 0;
  for (uint64_t i = 0; i < seeds; ++i) {
    options.seed = first + i;
    if (run_seed(options, stats)) continue;
    ++violations;
    if (!keeps_going) return 1;
  }
  std::printf(
      "%llu seeds, %llu steps: %llu jobs, %llu acknowledgements, %llu epochs, %llu of them finished by a "
      "later run, %llu clones, %llu kills, %llu "
      "late puts, %llu takeovers, %llu refused, %llu superseded, %llu branched, %llu looks at what a late "
      "beginning hides: %llu "
      "broke a rule\n",
      number(seeds), number(stats.steps), number(stats.jobs), number(stats.acks), number(stats.epochs),
      number(stats.finished), number(stats.clones), number(stats.kills), number(stats.late_puts),
      number(stats.takeovers), number(stats.refused), number(stats.superseded), number(stats.branches),
      number(stats.hidden), number(violations));
  return violations == 0 ? 0 : 1;
}
