#include "options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

#include "base/option_values.h"
#include "base/printable.h"
#include "log_store.h"

namespace tidemark::host {

namespace {

// As they stand on the command line, before they are taken apart.
struct RawOptions {
  std::vector<std::string> options, sink_options, sink_secrets, swap_options, swap_secrets;
  std::string rate;
  std::string log_level = "warn";
};

CLI::ValidationError invalid(const std::string& option, const std::string& reason) {
  return CLI::ValidationError(option, reason);
}

std::pair<std::string, std::string> split_pair(const std::string& option, const char* form,
                                               const std::string& text) {
  if (const std::string problem = pair_problem(form, text); !problem.empty()) throw invalid(option, problem);
  const size_t equals = text.find('=');
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void add_settings(const std::string& option, const std::vector<std::string>& texts,
                  std::vector<Setting>& out) {
  for (const std::string& text : texts) {
    auto [key, value] = split_pair(option, "KEY=VALUE", text);
    out.push_back({std::move(key), std::move(value), false});
  }
}

// Secrets are named on the command line but live in the environment, where other users cannot see them.
void add_secrets(const std::string& option, const std::vector<std::string>& texts,
                 std::vector<Setting>& out) {
  for (const std::string& text : texts) {
    auto [key, variable] = split_pair(option, "KEY=VAR", text);
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr)
      throw invalid(option, printable_option(key) +
                                "=...: the environment has no such variable; name one that holds the secret");
    out.push_back({std::move(key), value, true});
  }
}

double parse_rate(const std::string& text) {
  std::string number = text;
  if (number.size() > 2 && number.compare(number.size() - 2, 2, "/s") == 0) number.resize(number.size() - 2);
  size_t used = 0;
  double rate = 0;
  try {
    rate = std::stod(number, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != number.size() || used == 0 || !std::isfinite(rate) || rate < 0.001) {
    throw invalid("--rate",
                  "'" + text + "' is not a number of entries per second above 0, such as 500 or 500/s");
  }
  return rate;
}

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

CLI::Option* add_data(CLI::App& app, CommonOptions& common, const std::string& what) {
  return app.add_option("--data", common.data, what)->type_name("DIR");
}

CLI::Option* add_sink(CLI::App& app, std::string& sink) {
  return app.add_option("--sink", sink, "Where to archive, for example file:///var/archive")
      ->type_name("URL");
}

// What made-up entries look like; returns --entries, --files and --file-size.
std::vector<CLI::Option*> add_made_up(CLI::App& app, uint64_t& entries, PayloadShape& shape,
                                      uint64_t& partitions) {
  app.add_option("--partitions", partitions, "Number of partitions")
      ->capture_default_str()
      ->type_name("P")
      ->check(CLI::Range(uint64_t{1}, kMaxPartitions));
  app.add_option("--seed", shape.seed, "Decides the bytes of made-up files")
      ->capture_default_str()
      ->type_name("S");
  auto* number =
      app.add_option("--entries", entries, "Number of entries in all, dealt to the partitions in turn")
          ->capture_default_str()
          ->type_name("N")
          ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 40));
  auto* files = app.add_option("--files", shape.files, "Files of an entry")
                    ->capture_default_str()
                    ->type_name("F")
                    ->check(CLI::Range(0, 100000));
  auto* size = app.add_option("--file-size", shape.file_size_bytes, "Size of a file; 64KiB is understood")
                   ->capture_default_str()
                   ->type_name("BYTES")
                   ->transform(CLI::AsSizeValue(false))
                   ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 46));
  return {number, files, size};
}

void add_timeout(CLI::App& app, double& timeout_s) {
  app.add_option("--timeout", timeout_s, "Give up after S seconds (exit 3)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 1e9));
}

void add_common(CLI::App& app, CommonOptions& common, RawOptions& raw) {
  app.add_option("--plugin", common.plugin,
                 "The archiver plugin (default: ../lib/tidemark/tidemark.so from here)")
      ->type_name("FILE");
  app.add_option("--option", raw.options, "Option of the plugin; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--sink-option", raw.sink_options, "Option of --sink; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--sink-secret", raw.sink_secrets,
                 "Secret option of --sink, read from the environment variable VAR")
      ->type_name("KEY=VAR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--log-level", raw.log_level, "Lines of the plugin to show")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--json", common.json_file, "Write a summary to FILE")->type_name("FILE");
}

// The data directory is made from another one, or becomes older, before anything else.
void add_earlier(CLI::App& app, RunOptions& run) {
  app.add_option(
         "--clone-of", run.earlier.clone_of,
         "First copy this data directory of another host-sim, which may be at work, into a new --data;\n"
         "without --sink that is all")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  app.add_option("--restore-to", run.earlier.restore_to,
                 "First forget what lies after this LSN in each partition, as a host that is restored to an\n"
                 "older state; without --sink that is all")
      ->type_name("LSN")
      ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 40));
}

void add_run(CLI::App& app, RunOptions& run, RawOptions& raw) {
  add_data(app, run.common, "Directory of the engine's log and journal")->required();
  add_common(app, run.common, raw);
  add_sink(app, run.sink);
  add_earlier(app, run);
  app.add_option("--storage", run.storage, "Name of the storage")
      ->capture_default_str()
      ->check(storage_problem);
  auto* from =
      app.add_option("--from", run.from, "Commit every regular file below DIR, in path order, as one entry")
          ->type_name("DIR")
          ->check(CLI::ExistingDirectory);
  app.add_option("--limit", run.limit, "With --from: only the first N files")
      ->type_name("N")
      ->needs(from)
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
  for (CLI::Option* made_up : add_made_up(app, run.entries, run.shape, run.partitions))
    made_up->excludes(from);
  app.add_option("--rate", raw.rate, "Commit N entries a second (default: as fast as the backlog allows)")
      ->type_name("N/s");
  auto* swap =
      app.add_option("--swap-sink", run.swap_sink, "Sink to swap in while entries flow")->type_name("URL");
  auto* swap_at =
      app.add_option("--swap-at", run.swap_at, "Swap once N entries are acknowledged, over all runs")
          ->type_name("N")
          ->needs(swap)
          ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
  swap->needs(swap_at);
  app.add_option("--swap-sink-option", raw.swap_options, "Option of --swap-sink; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->needs(swap);
  app.add_option("--swap-sink-secret", raw.swap_secrets,
                 "Secret option of --swap-sink, read from the environment")
      ->type_name("KEY=VAR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->needs(swap);
  app.add_option("--crash-at", run.crash_at, "Kill this process once it has seen N entries acknowledged")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
  app.add_flag("--no-lineage", run.no_lineage,
               "Without the archiver's option lineage_file=DIR/lineage: other hosts are not told apart");
  app.add_flag("--keep-acked", run.keep_acked, "Do not prune what is acknowledged");
  app.add_flag("--commit-first", run.commit_first,
               "Benchmark: commit all, then archive and measure only that, then record and prune");
  app.add_flag("--no-fsync", run.no_fsync, "Benchmark: UNSAFE, entries may be lost when the power fails");
  app.add_option("--max-backlog", run.max_backlog, "Entries on disk before commits wait for acknowledgements")
      ->capture_default_str()
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
  app.add_option("--commit-threads", run.commit_threads, "Threads that commit")
      ->capture_default_str()
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  add_timeout(app, run.timeout_s);
  app.add_option("--metrics", run.metrics_file,
                 "Write the plugin's metrics to FILE, every second and at the end")
      ->type_name("FILE");
}

void add_epoch(CLI::App& app, CommonOptions& common) {
  app.add_option("--epoch", common.epoch,
                 "The history of this epoch of each storage (default: of the newest)")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX));
}

void add_verify(CLI::App& app, VerifyOptions& verify, RawOptions& raw) {
  add_data(app, verify.common, "Directory of the engine's log and journal")->required();
  add_common(app, verify.common, raw);
  app.add_option("--sink", verify.sinks,
                 "Archive to look in; may be repeated, the first that has an entry counts")
      ->required()
      ->type_name("URL")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_epoch(app, verify.common);
  app.add_option("--tmp", verify.temporary, "Directory for restored entries (default: the data directory)")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  app.add_option("--jobs", verify.jobs, "Partitions verified at a time (default: 8, or one for each core)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
}

void add_bench(CLI::App& app, BenchOptions& bench, RawOptions& raw) {
  auto* data = add_data(app, bench.common,
                        "Directory to make the entries in and to keep them for the next time\n"
                        "(default: a temporary one that is removed)");
  add_common(app, bench.common, raw);
  add_sink(app, bench.sink)->required();
  add_made_up(app, bench.entries, bench.shape, bench.partitions);
  app.add_option("--rate", raw.rate,
                 "Commit N entries a second while archiving (default: all are there before the clock starts)")
      ->type_name("N/s")
      ->excludes(data);
  app.add_flag("--profile", bench.profile, "Show where the workers' time went, stage by stage");
  add_timeout(app, bench.timeout_s);
  app.add_option("--metrics", bench.metrics_file, "Write the plugin's metrics to FILE at the end")
      ->type_name("FILE");
}

void add_recover(CLI::App& app, RecoverOptions& recover, RawOptions& raw) {
  add_data(app, recover.common, "A new directory for the engine's log and journal")->required();
  add_common(app, recover.common, raw);
  app.add_option("--sink", recover.sink, "The archive: every storage and partition of it is brought back")
      ->required()
      ->type_name("URL");
  add_epoch(app, recover.common);
  app.add_option("--jobs", recover.jobs, "Partitions recovered at a time (default: 8, or one for each core)")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
}

// A restored entry waits for the disk rather than for a core.
uint32_t default_jobs() { return std::max(8u, std::thread::hardware_concurrency()); }

void finish_common(CommonOptions& common, const RawOptions& raw) {
  static const std::map<std::string, int32_t> kLevels = {{"debug", TIDEMARK_LOG_DEBUG},
                                                         {"info", TIDEMARK_LOG_INFO},
                                                         {"warn", TIDEMARK_LOG_WARN},
                                                         {"error", TIDEMARK_LOG_ERROR}};
  common.log_level = kLevels.at(raw.log_level);
  if (common.plugin.empty()) common.plugin = default_plugin_path();
  add_settings("--option", raw.options, common.plugin_options);
  const auto& given = common.plugin_options;
  // What the plugin does not even format costs nothing.
  if (std::none_of(given.begin(), given.end(), [](const Setting& one) { return one.key == "log_level"; })) {
    common.plugin_options.push_back({"log_level", raw.log_level, false});
  }
  add_settings("--sink-option", raw.sink_options, common.sink_options);
  add_secrets("--sink-secret", raw.sink_secrets, common.sink_options);
}

void finish_data(CommonOptions& common) {
  if (common.data.empty()) throw invalid("--data", "the name of the directory is empty");
  common.data = without_slash(absolute(common.data));
}

// Whether `path` is `directory` or lies in it.
bool lies_in(const std::string& path, const std::string& directory) {
  const std::string below = directory == "/" ? directory : directory + "/";
  return path == directory || path.compare(0, below.size(), below) == 0;
}

void finish_clone(RunOptions& run) {
  std::string& source = run.earlier.clone_of;
  if (source.empty()) return;
  source = without_slash(std::filesystem::canonical(source).string());
  const std::string data = without_slash(std::filesystem::weakly_canonical(run.common.data).string());
  if (lies_in(data, source) || lies_in(source, data))
    throw invalid("--clone-of", source + " and --data " + data + " are not two directories apart");
}

// An engine keeps it with its data, so that whatever carries the data along carries it along.
void add_lineage(CommonOptions& common) {
  const auto& given = common.plugin_options;
  const auto is_it = [](const Setting& one) { return one.key == "lineage_file"; };
  if (std::none_of(given.begin(), given.end(), is_it))
    common.plugin_options.push_back({"lineage_file", common.data + "/" + kLineageName, false});
}

void finish_run(RunOptions& run, const RawOptions& raw) {
  finish_data(run.common);
  if (run.sink.empty() && !run.earlier.is_wanted()) throw invalid("--sink", "a run needs one");
  finish_clone(run);
  finish_common(run.common, raw);
  if (!run.no_lineage) add_lineage(run.common);
  if (!raw.rate.empty()) run.rate = parse_rate(raw.rate);
  add_settings("--swap-sink-option", raw.swap_options, run.swap_options);
  add_secrets("--swap-sink-secret", raw.swap_secrets, run.swap_options);
  if (run.from.empty()) return;
  run.from = without_slash(std::filesystem::canonical(run.from).string());
  if (lies_in(std::filesystem::weakly_canonical(run.common.data).string(), run.from)) {
    throw invalid("--data", run.common.data + " lies inside --from " + run.from +
                                ": the engine would commit its own log");
  }
}

}  // namespace

Command parse_command_line(int argc, char** argv) {
  CLI::App app{
      "A small storage engine that archives its log with the tidemark plugin.\n"
      "Exit codes: 0 done, 1 failed or something missing or different, 2 bad command line,\n"
      "3 not done within --timeout, 130 interrupted.",
      "host-sim"};
  app.require_subcommand(1);
  app.failure_message(failure_without_secrets);
  app.set_help_all_flag("--help-all", "Help of all commands");
  RunOptions run;
  VerifyOptions verify;
  RecoverOptions recover;
  BenchOptions bench;
  RawOptions raw;
  auto* run_command = app.add_subcommand("run", "Commit entries and archive them; run it again to resume");
  add_run(*run_command, run, raw);
  auto* verify_command = app.add_subcommand("verify", "Read every entry of the journal back and compare it");
  add_verify(*verify_command, verify, raw);
  auto* recover_command = app.add_subcommand(
      "recover", "Rebuild a lost engine's directory from its archive; run it again to resume");
  add_recover(*recover_command, recover, raw);
  auto* bench_command = app.add_subcommand("bench", "Archive made-up entries and say how fast, and why");
  add_bench(*bench_command, bench, raw);
  try {
    app.parse(argc, argv);
    if (run_command->parsed()) {
      finish_run(run, raw);
      return run;
    }
    if (bench_command->parsed()) {
      finish_common(bench.common, raw);
      if (bench_command->count("--data") > 0) finish_data(bench.common);
      if (!raw.rate.empty()) bench.rate = parse_rate(raw.rate);
      return bench;
    }
    if (recover_command->parsed()) {
      finish_data(recover.common);
      finish_common(recover.common, raw);
      if (recover.jobs == 0) recover.jobs = default_jobs();
      return recover;
    }
    finish_data(verify.common);
    finish_common(verify.common, raw);
    if (!verify.temporary.empty()) verify.temporary = without_slash(absolute(verify.temporary));
    if (verify.jobs == 0) verify.jobs = default_jobs();
    return verify;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "host-sim: " << error.what() << "\n";
    return kExitUsage;
  }
}

}  // namespace tidemark::host
