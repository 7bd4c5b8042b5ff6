#include "tool/command_line.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/line.h"
#include "base/option_values.h"
#include "bridge/data_directory.h"
#include "tool/get.h"
#include "tool/verbs.h"

namespace tidemark::postgres {

namespace {

// A standby asks again by itself, and cannot be promoted or stream meanwhile.
constexpr uint64_t kStandbyRetryMs = 10'000;

struct Words {
  Access access;
  std::string data;
  uint64_t system_identifier = 0;
  uint32_t segment_mib = 0;
  std::string file, path, retry_for;
  std::string timeout = "30s";
  bool hole_is_end = false;
  uint32_t prefetch_mib = 128;
  uint32_t keep_backups = 0;
  std::string oldest_backup;
  bool yes = false;
};

// The data directory: as given, else the working directory (PostgreSQL's own when it runs restore_command),
// else the one that the file goes to (pg_rewind's target).
std::string data_directory_of(const Words& words) {
  if (!words.data.empty()) return words.data;
  if (is_data_directory(".")) return ".";
  const std::string above = parent_of(words.path) + "/..";
  return !words.path.empty() && is_data_directory(above) ? above : "";
}

Status complete_access(Access& access, const std::string& data) {
  if (!access.sink.empty()) return {};
  ServerSettings settings;
  if (!data.empty()) {
    TM_ASSIGN(settings, read_server_settings(data));
  }
  access.sink = settings["tidemark.sink"];
  if (access.options_file.empty()) access.options_file = settings["tidemark.sink_options_file"];
  if (access.sink.empty())
    return fail(TIDEMARK_E_INVALID,
                "no sink: give --sink URL, or run it where the server's settings are (--data DIRECTORY)");
  return {};
}

Result<Cluster> cluster_of(const Words& words, const std::string& data) {
  if (words.system_identifier != 0) return Cluster{words.system_identifier, words.segment_mib << 20};
  if (data.empty())
    return fail(TIDEMARK_E_INVALID,
                "which cluster? Give --data DIRECTORY, or --cluster IDENTIFIER and --segment-size MIB");
  return read_cluster(data);
}

Result<uint64_t> duration_of(const char* option, const std::string& value) {
  const CLI::AsNumberWithUnit milliseconds(
      std::map<std::string, uint64_t>{{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}});
  const Error wrong =
      fail(TIDEMARK_E_INVALID, std::string(option) + " " + quote(value) + ": write 30s or 5min");
  try {
    std::string text = value;
    if (const std::string problem = milliseconds(text); !problem.empty()) return wrong;
    return std::stoull(text);
  } catch (const std::exception&) {  // of the library
    return wrong;
  }
}

Result<GetWish> get_wish(const Words& words) {
  GetWish wish;
  const std::string data = data_directory_of(words);
  wish.access = words.access;
  TM_TRY(complete_access(wish.access, data));
  TM_ASSIGN(wish.cluster, cluster_of(words, data));
  wish.file = words.file;
  wish.path = words.path;
  wish.is_standby = !data.empty() && is_standby(data);
  wish.is_ending = !data.empty() && !wish.is_standby && !is_in_recovery(data);
  wish.hole_is_end = words.hole_is_end;
  wish.prefetch_bytes = uint64_t{words.prefetch_mib} << 20;
  if (words.retry_for.empty()) {
    wish.retry_for_ms = wish.is_standby ? kStandbyRetryMs : wish.retry_for_ms;
    return wish;
  }
  TM_ASSIGN(wish.retry_for_ms, duration_of("--retry-for", words.retry_for));
  return wish;
}

Result<Target> target_of(const Words& words) {
  Target target{words.access, {}};
  const std::string data = data_directory_of(words);
  TM_TRY(complete_access(target.access, data));
  TM_ASSIGN(target.cluster, cluster_of(words, data));
  return target;
}

int usage(const std::string& text) {
  std::fprintf(stderr, "tidemark-postgres: %s\n", clean_line(text).c_str());
  return kExitUsage;
}

void add_common(CLI::App& verb, Words& words) {
  verb.add_option("--sink", words.access.sink,
                  "URL of the sink; else tidemark.sink of the server's settings");
  verb.add_option("--sink-options-file", words.access.options_file,
                  "file with options of the sink, readable by its owner only");
  verb.add_option("-D,--data", words.data, "data directory; else the working directory");
  auto* cluster = verb.add_option("--cluster", words.system_identifier,
                                  "system identifier, where there is no data directory");
  auto* size = verb.add_option("--segment-size", words.segment_mib, "MiB of a segment, with --cluster")
                   ->check([](const std::string& text) -> std::string {
                     const bool is_size = text.size() <= 4 &&
                                          text.find_first_not_of("0123456789") == std::string::npos &&
                                          is_segment_size(std::stoull("0" + text) << 20);
                     return is_size ? "" : "is no size of a segment: 1, 2, 4 … 1024";
                   });
  cluster->needs(size);
  size->needs(cluster);
  verb.add_option("--plugin", words.access.plugin, "tidemark.so; else the one of this installation");
  verb.add_option("--identity", words.access.identity_file, "absolute path of the file that decrypts");
  verb.add_option("--tag-key", words.access.tag_key, "absolute path of the key that proves who encrypted it");
  verb.add_flag("--accept-untagged", words.access.accept_untagged,
                "with --tag-key: reads what bears no tag too, because it is not encrypted");
}

}  // namespace

int run_command_line(int argc, char** argv) {
  Words words;
  CLI::App app("What a database administrator does with an archive that tidemark_archive has written.",
               "tidemark-postgres");
  app.set_version_flag("--version", "tidemark-postgres " TIDEMARK_VERSION);
  app.require_subcommand(1);
  app.failure_message(failure_without_secrets);
  CLI::App* get = app.add_subcommand("get", "brings one file of the write-ahead log, for restore_command");
  add_common(*get, words);
  get->add_option("--retry-for", words.retry_for,
                  "how long what may change is tried again; 60s, on a standby 10s");
  get->add_flag("--hole-is-end", words.hole_is_end,
                "recovery ends at a segment that is missing, though later ones are there");
  get->add_option("--prefetch", words.prefetch_mib,
                  "MiB of segments that a recovery is brought ahead; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0U, 65536U));
  get->add_option("FILE", words.file, "%f")->required();
  get->add_option("PATH", words.path, "%p")->required();
  CLI::App* timelines =
      app.add_subcommand("timelines", "what there is of each timeline, and where they part");
  CLI::App* backups = app.add_subcommand("backups", "the base backups that the archive knows of");
  CLI::App* prune =
      app.add_subcommand("prune", "removes what no base backup needs that is kept; shows it first");
  CLI::App* check = app.add_subcommand("check", "whether the server archives, and whether it comes back");
  for (CLI::App* verb : {timelines, backups, prune, check}) add_common(*verb, words);
  check->add_option("--timeout", words.timeout, "how long all of it may take")->capture_default_str();
  auto* keep = prune->add_option("--keep-backups", words.keep_backups, "how many base backups are kept")
                   ->check(CLI::PositiveNumber);
  auto* oldest = prune->add_option("--oldest-backup", words.oldest_backup,
                                   "the oldest that is kept, as 'backups' names it");
  keep->excludes(oldest);
  prune->add_flag("--yes", words.yes, "does it");
  for (CLI::App* const verb : app.get_subcommands(nullptr)) refuse_empty_values(*verb);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kExitThere : kExitUsage;
  }
  if (get->parsed()) {
    const auto wish = get_wish(words);
    return wish ? run_get(*wish) : usage(wish.error().message);
  }
  const auto target = target_of(words);
  if (!target) return usage(target.error().message);
  if (timelines->parsed()) return run_timelines(*target);
  if (backups->parsed()) return run_backups(*target);
  if (check->parsed()) {
    const auto timeout_ms = duration_of("--timeout", words.timeout);
    return timeout_ms ? run_check({*target, data_directory_of(words), *timeout_ms})
                      : usage(timeout_ms.error().message);
  }
  if (words.keep_backups == 0 && words.oldest_backup.empty())
    return usage("prune: give --keep-backups N or --oldest-backup FILE");
  return run_prune({*target, words.keep_backups, words.oldest_backup, words.yes});
}

}  // namespace tidemark::postgres
