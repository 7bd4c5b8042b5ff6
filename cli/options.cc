#include "options.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <thread>
#include <utility>

#include "base/option_values.h"
#include "base/printable.h"
#include "option_words.h"
#include "raw_options.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr const char* kEpilogue =
    "URL is what the archiver's set_sink got: file:///var/archive, s3://bucket/prefix?region=...; or @NAME "
    "of a\n"
    "configuration file. Without one the environment's TIDEMARK_URL is taken.\n"
    "An LSN is decimal, or '@' and the 13 characters of the keys.\n"
    "Exit codes: 0 all well, 1 something is wrong with the data, 2 usage, 3 the archive cannot be reached "
    "or\n"
    "opened, 4 trouble of this machine (a directory, a file, the output), 5 the LSN to fetch is not stored,\n"
    "130 interrupted, 141 nobody reads the output any more.\n"
    "See tidemark(1).";

void add_plugin_options(CLI::App& app, CommonOptions& common, RawOptions& raw, bool json) {
  app.add_option("--plugin", common.archive.plugin,
                 "The archiver plugin (default: tidemark.so beside this program or in ../lib/tidemark)")
      ->type_name("FILE");
  app.add_option("--sink-dir", common.archive.sink_dir,
                 "Where tidemark-sink-<scheme>.so lies (default: where the plugin lies)")
      ->type_name("DIR");
  app.add_flag("-v,--verbose", raw.verbosity, "Show what the plugin logs; twice: everything");
  if (json) app.add_flag("--json", common.json, "One JSON object per line, with exact numbers");
}

void add_repeated(CLI::App& app, const char* name, const char* type, std::vector<std::string>& values,
                  const std::string& help) {
  app.add_option(name, values, help)
      ->type_name(type)
      ->expected(1)
      ->allow_extra_args(false)  // else it takes the words after its own, too
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_sink_options(CLI::App& app, RawOptions& raw) {
  app.add_option("URL", raw.url, "The archive: its URL, or @NAME (default: TIDEMARK_URL)");
  app.add_option("--config", raw.config, "Where archives have their names (default: see tidemark(1))")
      ->type_name("FILE");
  add_repeated(app, "--option", "KEY=VALUE", raw.options, "Option of the sink; may be repeated");
  add_repeated(app, "--secret", "KEY=VAR", raw.secrets,
               "Secret option of the sink, read from the environment variable VAR; may be repeated");
}

// Of the archive that is copied to; the plugin is the same for both.
void add_destination(CLI::App& app, RawOptions& raw) {
  app.add_option("TO-URL", raw.to_url, "The archive to copy to, or its @NAME; created as the archiver would");
  add_repeated(app, "--to-option", "KEY=VALUE", raw.to_options, "As --option, for TO-URL");
  add_repeated(app, "--to-secret", "KEY=VAR", raw.to_secrets, "As --secret, for TO-URL");
}

void add_allow_empty(CLI::App& app, CommonOptions& common) {
  app.add_flag("--allow-empty", common.allow_empty,
               "A new archive: that nothing is stored there is all right");
}

void add_metrics(CLI::App& app, CommonOptions& common) {
  app.add_option("--metrics", common.metrics.file,
                 "Replace FILE by how this run went, for Prometheus' textfile collector (a name in .prom)")
      ->type_name("FILE");
}

// URL, the part of the archive, and what every verb has.
void add_common(CLI::App& app, CommonOptions& common, RawOptions& raw, bool partition_needed,
                bool json = true) {
  add_sink_options(app, raw);
  app.add_option(partition_needed ? "STORAGE/PARTITION" : "STORAGE[/PARTITION]", raw.target,
                 partition_needed ? "The log in question" : "Only this part of the archive");
  add_plugin_options(app, common, raw, json);
}

void add_jobs(CLI::App& app, unsigned& jobs,
              const char* what = "Archives read at a time (default: 4, or one for each core)") {
  app.add_option("--jobs", jobs, what)->type_name("N")->check(CLI::Range(1, 256));
}

void add_progress(CLI::App& app, RawOptions& raw) {
  app.add_option("--progress", raw.progress,
                 "How progress is told: auto (a line of the terminal, or plain), plain (a line a minute, or "
                 "plain:SECONDS), none")
      ->type_name("HOW");
}

void add_keys(CLI::App& app, CommonOptions& common) {
  app.add_option("--identity", common.archive.identity_file,
                 "Decrypts what is encrypted: a file as age-keygen writes it")
      ->type_name("FILE");
  app.add_option("--tag-key", common.archive.tag_key_file,
                 "Proves who encrypted it: the archiver's encrypt_tag_key_file; what bears no tag is refused")
      ->type_name("FILE");
  app.add_flag(
      "--accept-untagged", common.archive.accept_untagged,
      "With --tag-key: reads what bears no tag too, because it is not encrypted; whoever can write to "
      "the archive could have made it");
}

void add_epoch(CLI::App& app, RawOptions& raw) {
  app.add_option("--epoch", raw.epoch, "The history of this epoch of the storage (default: of the newest)")
      ->type_name("N");
}

void add_range(CLI::App& app, RawOptions& raw, const char* from, const char* to) {
  app.add_option("--from", raw.from, from)->type_name("LSN");
  app.add_option("--to", raw.to, to)->type_name("LSN");
}

constexpr const char* kListingJobs =
    "Partitions listed, and records read, at a time (default: 8, or one for each core)";

// What argv says. A verb is added by a function of its own: its options, and how they become a command once
// it was the one given.
class CommandLine {
 public:
  CommandLine();
  Command parse(int argc, char** argv);

 private:
  struct Verb {
    CLI::App* app;
    std::optional<std::vector<std::string*>> words;  // what follows the URL, if it takes one
    std::function<Command()> finish;
  };
  bool is_unknown_verb(const std::string& word) const;
  CLI::App& verb(const char* name, const char* what, std::optional<std::vector<std::string*>> words,
                 std::function<Command()> finish) {
    verbs_.push_back({app_.add_subcommand(name, what), std::move(words), std::move(finish)});
    return *verbs_.back().app;
  }
  void add_ls();
  void add_info();
  void add_verify();
  void add_fetch();
  void add_restore();
  void add_prune();
  void add_copy();
  void add_check();
  void add_gaps();
  void add_takeover();
  void add_keygen();
  void add_sinks();

  CLI::App app_{"Looks after an archive of Tidemark: list it, verify it, restore from it, prune it.",
                "tidemark"};
  std::vector<Verb> verbs_;
  RawOptions raw_;
  LsOptions ls_;
  InfoOptions info_;
  VerifyOptions verify_;
  FetchOptions fetch_;
  RestoreOptions restore_;
  PruneOptions prune_;
  bool dry_run_ = false;
  CopyOptions copy_;
  CheckOptions check_;
  GapsOptions gaps_;
  TakeoverOptions takeover_;
  KeygenOptions keygen_;
  SinksOptions sinks_;
};

CommandLine::CommandLine() {
  app_.require_subcommand(1);
  app_.failure_message(failure_without_secrets);
  app_.footer(kEpilogue);
  app_.set_version_flag("--version", std::string("tidemark " TIDEMARK_VERSION));
  app_.set_help_all_flag("--help-all", "Help of all verbs");
  add_ls();
  add_info();
  add_verify();
  add_fetch();
  add_restore();
  add_prune();
  add_copy();
  add_check();
  add_gaps();
  add_takeover();
  add_keygen();
  add_sinks();
}

void CommandLine::add_ls() {
  auto& ls = verb("ls", "List what is stored, in the order of keys", std::vector<std::string*>{&raw_.target},
                  [this] { return finish_ls(ls_, raw_); });
  add_common(ls, ls_, raw_, false);
  add_allow_empty(ls, ls_);
  add_range(ls, raw_, "Only what reaches this LSN or lies after it",
            "Only what begins at this LSN or before it");
}

void CommandLine::add_info() {
  auto& info =
      verb("info", "Show how far each partition is archived, how much, since when, and what is missing",
           std::vector<std::string*>{&raw_.target}, [this] {
             finish_common(info_, raw_, false);
             finish_jobs(info_.jobs, kListings);
             return info_;
           });
  add_common(info, info_, raw_, false);
  add_epoch(info, raw_);
  add_jobs(info, info_.jobs, kListingJobs);
  add_metrics(info, info_);
  add_allow_empty(info, info_);
  auto* html =
      info.add_option("--html", info_.html, "Write it as a page for a browser too: one file, replaced whole")
          ->type_name("FILE")
          ->check([](const std::string& file) -> std::string {
            return file.empty() || file == "-" ? "name a file: the standard output has what info prints" : "";
          });
  info.add_option("--checkpoint", info_.checkpoint,
                  "The checkpoint of verify: the page says how long ago what was read")
      ->type_name("FILE")
      ->needs(html);
}

void CommandLine::add_verify() {
  auto& verify =
      verb("verify", "Read everything and list all that is wrong", std::vector<std::string*>{&raw_.target},
           [this] { return finish_verify(verify_, raw_); });
  add_common(verify, verify_, raw_, false);
  add_jobs(verify, verify_.jobs);
  add_metrics(verify, verify_);
  add_progress(verify, raw_);
  add_allow_empty(verify, verify_);
  add_keys(verify, verify_);
  verify.add_flag(
      "--deep", verify_.deep,
      "Decode what is compressed or encrypted too (else the bytes are proven as they are stored)");
  auto* checkpoint =
      verify
          .add_option("--since-checkpoint", verify_.checkpoint,
                      "Skip what FILE says was found right before, and add to it; created if it is not there")
          ->type_name("FILE");
  verify
      .add_option("--reread", raw_.reread,
                  "The share of what FILE knows that is read again, the oldest check first (default: 1/30)")
      ->type_name("N/M")
      ->needs(checkpoint);
}

void CommandLine::add_fetch() {
  auto& fetch = verb("fetch", "Write the archive that holds an LSN, as it is stored and proven by its digest",
                     std::vector<std::string*>{&raw_.target, &raw_.lsn}, [this] {
                       finish_common(fetch_, raw_, true, fetch_.plain);
                       fetch_.lsn = need_lsn("LSN", raw_.lsn);
                       return fetch_;
                     });
  add_common(fetch, fetch_, raw_, true, false);
  fetch.add_option("LSN", raw_.lsn, "The entry");
  add_epoch(fetch, raw_);
  add_keys(fetch, fetch_);
  fetch.add_flag("--plain", fetch_.plain, "The tar that it holds, decoded, without the footer");
  fetch.add_option("-o,--output", fetch_.output, "Where to; - is the standard output")
      ->capture_default_str()
      ->type_name("FILE");
}

void CommandLine::add_restore() {
  auto& restore = verb("restore", "Bring entries back, each partition's in order; started again it continues",
                       std::vector<std::string*>{&raw_.target, &restore_.directory},
                       [this] { return finish_restore(restore_, raw_); });
  add_common(restore, restore_, raw_, false);
  restore.add_option("DIR", restore_.directory, "Where to; created if it is not there");
  add_range(restore, raw_, "First entry (default: the oldest that was not pruned)",
            "Last entry (default: the newest)");
  add_epoch(restore, raw_);
  add_keys(restore, restore_);
  auto* to_time =
      restore
          .add_option("--to-time", raw_.to_time, "Stop before the first entry that was archived after TIME")
          ->type_name("TIME")
          ->excludes("--to");
  add_jobs(restore, restore_.jobs);
  add_progress(restore, raw_);
  auto* follow = restore.add_flag("--follow", raw_.follow, "Stay, and bring what arrives, until stopped");
  restore
      .add_option("--interval", raw_.interval,
                  "With --follow: how often to look, as 10s or 5m (default: 10s)")
      ->type_name("SPAN")
      ->needs(follow);
  restore.add_flag("--ignore-free-space", restore_.ignore_free_space, "Begin even if it will not fit");
  auto* dry = restore.add_flag("--dry-run", restore_.dry_run, "Only say what would be done");
  auto* check =
      restore
          .add_flag("--check", restore_.check, "Compare what is in DIR with the archive, and change nothing")
          ->excludes(dry);
  follow->excludes(to_time)->excludes("--to")->excludes(dry)->excludes(check);
  restore.add_flag("--into-existing", restore_.into_existing,
                   "Also into a directory that has other files in it");
  restore.add_flag("--strict", restore_.strict, "Refuse losses that were accepted too");
  restore
      .add_option("--prefer", restore_.prefer,
                  "Where archives disagree, take what this one holds from it; may be repeated")
      ->type_name("KEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  restore.add_flag("--keep-setid", restore_.keep_setid, "Give files their setuid and setgid bits too");
}

void CommandLine::add_prune() {
  auto& prune = verb("prune", "Remove the oldest archives of each partition (a dry run without --yes)",
                     std::vector<std::string*>{&raw_.target}, [this] { return finish_prune(prune_, raw_); });
  add_common(prune, prune_, raw_, false);
  prune.add_option("--before", raw_.before, "What lies wholly below this LSN")->type_name("LSN");
  prune
      .add_option("--older-than", raw_.older_than,
                  "What was archived longer ago than 90s, 15m, 12h, 30d or 4w")
      ->type_name("SPAN");
  prune
      .add_option("--keep-last", prune_.keep_archives,
                  "What is older than the newest N archives of a partition")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  prune
      .add_option("--keep-bytes", raw_.keep_bytes,
                  "What is older than the newest archives of a partition that have this size together")
      ->type_name("SIZE");
  prune
      .add_option("--branch", prune_.branch,
                  "What only the history of epoch N of the storage has, which the newest does not continue")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  prune.add_flag("--all", prune_.all, "The newest archive may go too");
  add_jobs(prune, prune_.jobs, "Partitions pruned at a time (default: 4, or one for each core)");
  add_progress(prune, raw_);
  add_metrics(prune, prune_);
  auto* dry = prune.add_flag("--dry-run", dry_run_, "Only say what would be removed (the default)");
  prune.add_flag("--yes", prune_.yes, "Do it")->excludes(dry);
}

void CommandLine::add_copy() {
  auto& copy = verb("copy", "Copy archives and records to another archive; started again it continues",
                    std::vector<std::string*>{&raw_.to_url, &raw_.target},
                    [this] { return finish_copy(copy_, raw_); });
  add_sink_options(copy, raw_);
  add_destination(copy, raw_);
  copy.add_option("STORAGE[/PARTITION]", raw_.target, "Only this part of the archive");
  add_plugin_options(copy, copy_, raw_, true);
  add_allow_empty(copy, copy_);
  copy.add_option("--jobs", copy_.jobs, "Objects copied at a time (default: 4, or one for each core)")
      ->type_name("N")
      ->check(CLI::Range(1, 128));
  copy.add_option("--bwlimit", raw_.bwlimit, "Read at most so much a second, in all: 500K, 20M, 1G")
      ->type_name("SIZE");
  auto* reread = copy.add_flag("--reread", copy_.reread,
                               "Read what both have whole on both sides, and compare (default: the footers)");
  auto* size_only = copy.add_flag("--size-only", copy_.size_only,
                                  "Take what both have with one size for the same, and do not look into it")
                        ->excludes(reread);
  copy.add_option(
          "--compress", raw_.compress,
          "Compress archives anew: zstd, zstd:1, zstd:2 or zstd:3; none: they are not compressed there")
      ->type_name("HOW")
      ->check(CLI::IsMember(std::vector<std::string>(kCompressWords.begin(), kCompressWords.end())))
      ->excludes(size_only);
  copy.add_option("--recipients", raw_.recipients,
                  "Encrypt archives anew, to the public keys in FILE; none: they are not encrypted there")
      ->type_name("FILE|none")
      ->excludes(size_only);
  add_keys(copy, copy_);
  copy.add_flag("--dry-run", copy_.dry_run, "Only say what would be copied");
}

void CommandLine::add_check() {
  auto& check =
      verb("check", "Try out whether an archiver has all that it needs there, each thing by its name",
           std::vector<std::string*>{&raw_.target}, [this] {
             finish_common(check_, raw_, false);
             return check_;
           });
  add_common(check, check_, raw_, false);
  add_allow_empty(check, check_);
  check.add_flag("--read-only", check_.reads_only, "Only what can be read: writes nothing");
}

void CommandLine::add_gaps() {
  auto& gaps = verb("gaps", "List what is missing and what is known about it, or accept a loss",
                    std::vector<std::string*>{&raw_.target}, [this] { return finish_gaps(gaps_, raw_); });
  add_common(gaps, gaps_, raw_, false);
  add_epoch(gaps, raw_);
  add_jobs(gaps, gaps_.jobs, kListingJobs);
  add_allow_empty(gaps, gaps_);
  auto* acknowledge = gaps.add_option("--acknowledge", raw_.acknowledge, "Accept that FIRST to LAST are lost")
                          ->type_name("STORAGE/PARTITION FIRST LAST")
                          ->expected(3);
  auto* reason =
      gaps.add_option("--reason", gaps_.reason, "Why; kept in the archive with the time")->type_name("TEXT");
  gaps.add_option("--checkpoint", gaps_.checkpoint,
                  "The checkpoint of verify: what it knows may be accepted though the archive ends before it")
      ->type_name("FILE")
      ->needs(acknowledge);
  acknowledge->needs(reason);
  reason->needs(acknowledge);
}

void CommandLine::add_takeover() {
  auto& takeover =
      verb("takeover", "Let a host that was superseded, or restored, archive again: its history continues",
           std::vector<std::string*>{&raw_.target}, [this] { return finish_takeover(takeover_, raw_); });
  add_sink_options(takeover, raw_);
  takeover.add_option("STORAGE", raw_.target, "The storage that its event SUPERSEDED names");
  add_plugin_options(takeover, takeover_, raw_, true);
  takeover.add_option("--lineage-file", takeover_.lineage_file, "The host's, in its data directory")
      ->type_name("FILE");
  takeover
      .add_option("--over", takeover_.over, "The newest epoch, as you know it: the host's message says it")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, kLastEpochToTakeOver));
  takeover
      .add_option("--restored-from", takeover_.restored_from,
                  "The lineage file is lost, and the data was restored from this epoch")
      ->type_name("EPOCH")
      ->check(CLI::Range(uint64_t{1}, kLastEpochToTakeOver));
  takeover.add_option("--reason", takeover_.reason, "Why; kept in the archive with the time")
      ->type_name("TEXT");
}

void CommandLine::add_keygen() {
  auto& keygen = verb("keygen", "Make a tag key, for the archiver's option encrypt_tag_key_file",
                      std::nullopt, [this] { return keygen_; });
  keygen
      .add_option("-o,--output", keygen_.output,
                  "Where to, for its owner alone; must not be there yet; - is the standard output")
      ->capture_default_str()
      ->type_name("FILE");
}

void CommandLine::add_sinks() {
  auto& sinks = verb("sinks", "List the sub-plugins found, their versions and options", std::nullopt, [this] {
    sinks_.verbosity = std::min(raw_.verbosity, 2);
    return sinks_;
  });
  add_plugin_options(sinks, sinks_, raw_, true);
}

// What stands first is the verb; CLI11 would only say that one is required.
bool CommandLine::is_unknown_verb(const std::string& word) const {
  if (word.empty() || word[0] == '-') return false;
  std::vector<std::string> names;
  for (const Verb& verb : verbs_) names.push_back(verb.app->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return false;
  const std::string nearest = most_like(word, names);
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  std::cerr << "tidemark: there is no verb '" << printable(printable_word(word)) << "'"
            << (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") << " (there are " << all << ")\n";
  return true;
}

Command CommandLine::parse(int argc, char** argv) {
  if (argc > 1 && is_unknown_verb(argv[1])) return kExitUsage;
  try {
    for (const Verb& verb : verbs_) refuse_empty_values(*verb.app);
    app_.parse(argc, argv);
    for (const Verb& verb : verbs_) {
      if (!verb.app->parsed()) continue;
      if (verb.words) finish_words(raw_, *verb.words);
      return verb.finish();
    }
    return kExitUsage;
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "tidemark: " << error.what() << "\n";
    return kExitUsage;
  }
}

}  // namespace

Command parse_command_line(int argc, char** argv) { return CommandLine().parse(argc, argv); }

}  // namespace tidemark::cli
