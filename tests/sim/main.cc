// sim_scheduler: runs seeds until one breaks a rule, or all are done.
#include <CLI/CLI.hpp>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "number.h"
#include "simulation.h"
#include "violation.h"

namespace {

using tidemark::sim::number;
using tidemark::sim::RunOptions;
using tidemark::sim::RunStats;

char replay_line[160];  // for the signal handler
int replay_length = 0;

void say_replay(uint64_t seed, const std::optional<uint64_t>& steps) {
  char tail[40] = "";
  if (steps) std::snprintf(tail, sizeof tail, " --steps %llu", static_cast<unsigned long long>(*steps));
  replay_length =
      std::snprintf(replay_line, sizeof replay_line, "replay: sim_scheduler --seed %llu%s --trace\n",
                    static_cast<unsigned long long>(seed), tail);
}

// A failed assertion of the scheduler ends the process: say which seed it was.
void on_abort(int) {
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, replay_line, static_cast<size_t>(replay_length));
}

bool run_seed(const RunOptions& options, RunStats& stats) {
  say_replay(options.seed, options.steps);
  try {
    stats.add(tidemark::sim::Simulation(options).run());
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
  constexpr uint64_t kDefaultSeeds = 20'000;
  constexpr uint64_t kLongSeeds = 1'000'000;
  const char* long_form = std::getenv("TIDEMARK_LONG");
  uint64_t seeds = long_form != nullptr && std::string_view(long_form) == "1" ? kLongSeeds : kDefaultSeeds;
  uint64_t first = 1;
  std::optional<uint64_t> seed;
  RunOptions options;

  CLI::App app{"Deterministic simulation of the scheduler."};
  app.add_option("--seeds", seeds, "how many seeds to run (TIDEMARK_LONG=1: 1000000)")->capture_default_str();
  app.add_option("--first-seed", first, "the first of them")->capture_default_str();
  app.add_option("--seed", seed, "run this one alone");
  app.add_option("--steps", options.steps, "steps of turbulence, instead of what the seed draws");
  app.add_flag("--trace", options.trace, "print everything that happens");
  CLI11_PARSE(app, argc, argv);
  if (seed) {
    first = *seed;
    seeds = 1;
  }

  std::signal(SIGABRT, on_abort);
  RunStats stats;
  for (uint64_t i = 0; i < seeds; ++i) {
    options.seed = first + i;
    if (!run_seed(options, stats)) return 1;
  }
  std::printf(
      "%llu seeds, %llu steps: %llu jobs, %llu acknowledgements, %llu gaps, %llu reported again, %llu "
      "archived "
      "late, %llu left out by an earlier run, "
      "%llu conflicts, %llu breaker "
      "trips, "
      "%llu swaps, %llu runs, %llu forgotten: no rule broken\n",
      number(seeds), number(stats.steps), number(stats.jobs), number(stats.acks), number(stats.gaps),
      number(stats.gaps_again), number(stats.late), number(stats.owed), number(stats.conflicts),
      number(stats.breaker_trips), number(stats.swaps), number(stats.runs), number(stats.forgotten));
  return 0;
}
