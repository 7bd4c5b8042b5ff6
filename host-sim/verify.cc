#include "verify.h"

#include <sys/eventfd.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "attend.h"
#include "base/json.h"
#include "console.h"
#include "journal.h"
#include "log_store.h"
#include "readback.h"
#include "restore_dir.h"
#include "usage.h"
#include "verifier.h"

namespace tidemark::host {

namespace {

Result<std::vector<ExpectedPartition>> load_journal(const std::string& data) {
  std::map<std::pair<std::string, uint64_t>, std::map<uint64_t, Digest>> all;
  const std::string path = data + "/" + kJournalName;
  if (!std::filesystem::exists(path)) return fail("there is no journal " + path + "; is --data right?");
  std::string contradiction;
  TM_ASSIGN(auto scan, scan_journal(path, [&](JournalRecord record) {
              auto& entries = all[{record.storage, record.partition}];
              const auto [at, is_new] = entries.emplace(record.lsn, record.digest);
              if (!is_new && at->second != record.digest) {
                contradiction = record.storage + "/" + std::to_string(record.partition) + " LSN " +
                                std::to_string(record.lsn);
              }
            }));
  if (scan.whole_bytes < scan.total_bytes) {
    return fail("the journal " + path + " is torn after byte " + std::to_string(scan.whole_bytes) +
                "; `host-sim run` repairs it from the log");
  }
  if (!contradiction.empty()) return fail("the journal " + path + " has two digests for " + contradiction);
  std::vector<ExpectedPartition> partitions;
  for (auto& [key, entries] : all) {
    ExpectedPartition partition{key.first, key.second, {}};
    for (const auto& [lsn, digest] : entries) partition.entries.push_back({lsn, digest});
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

Result<std::vector<std::unique_ptr<Readback>>> open_sources(const VerifyOptions& options, ReadingHost& host) {
  TM_ASSIGN(auto plugin, Plugin::load(options.common.plugin));
  std::vector<std::unique_ptr<Readback>> sources;
  for (const std::string& url : options.sinks) {
    TM_ASSIGN(auto source, Readback::open(plugin, host, options.common, url));
    sources.push_back(std::move(source));
  }
  return sources;
}

struct VerifyOutcome {
  bool interrupted = false;
  double seconds = 0;
  std::vector<std::string> flaws;
};

VerifyOutcome supervise(Verifier& verifier, Console& console, Signals& signals, int wake) {
  VerifyOutcome outcome;
  const double begin = usage_now().wall_s;
  outcome.interrupted = !attend(
      console, signals, wake, [&] { return verifier.done(); },
      [&] {
        for (Flaw& flaw : verifier.take_flaws()) {
          console.post(flaw.text);
          outcome.flaws.push_back(std::move(flaw.text));
        }
        return ProgressState{verifier.verified(), verifier.total(), 0, false};
      },
      [&] { verifier.stop(); });
  outcome.seconds = usage_now().wall_s - begin;
  return outcome;
}

Result<void> write_json(const std::string& path, const Verifier& verifier, const VerifyOutcome& outcome,
                        const std::vector<std::string>& errors) {
  Json json;
  json["interrupted"] = outcome.interrupted;
  json["journal_entries"] = verifier.total();
  json["entries"] = verifier.verified();
  json["archives"] = verifier.archives();
  json["missing"] = verifier.count(Finding::kMissing);
  json["different"] = verifier.count(Finding::kDifferent);
  json["unreadable"] = verifier.count(Finding::kUnreadable);
  json["before"] = verifier.count(Finding::kBefore);
  json["flaws"] = outcome.flaws;
  json["errors"] = errors;
  json["seconds"] = outcome.seconds;
  return replace_file(path, json.dump(2) + "\n", Durability::kUnsafe);
}

// "verified 4096 entries in 4096 archives: 0 missing, 0 different"
std::string summary(const Verifier& verifier) {
  std::string text = "verified " + std::to_string(verifier.verified()) + " entries in " +
                     std::to_string(verifier.archives()) +
                     " archives: " + std::to_string(verifier.count(Finding::kMissing)) + " missing, " +
                     std::to_string(verifier.count(Finding::kDifferent)) + " different";
  const uint64_t unreadable = verifier.count(Finding::kUnreadable);
  if (unreadable > 0) text += ", " + std::to_string(unreadable) + " unreadable";
  const uint64_t before = verifier.count(Finding::kBefore);
  if (before > 0) text += ", " + std::to_string(before) + " from before the archive began";
  return text;
}

int report(const VerifyOptions& options, Verifier& verifier, const VerifyOutcome& outcome, Console& console) {
  const uint64_t flaws =
      verifier.verified() - verifier.count(Finding::kSame) - verifier.count(Finding::kBefore);
  if (flaws > Verifier::kMaxFlaws) {
    console.print("... and " + std::to_string(flaws - Verifier::kMaxFlaws) + " more");
  }
  const auto errors = verifier.errors();
  for (const std::string& error : errors) console.print("host-sim: cannot verify " + error);
  bool written = true;
  if (!options.common.json_file.empty()) {
    auto put = write_json(options.common.json_file, verifier, outcome, errors);
    if (!put) console.print("host-sim: " + put.error().message);
    written = static_cast<bool>(put);
  }
  if (outcome.interrupted) console.print("interrupted: not all entries were looked at");
  std::puts(summary(verifier).c_str());
  if (outcome.interrupted) return kExitInterrupted;
  return flaws == 0 && errors.empty() && written ? kExitOk : kExitFailed;
}

}  // namespace

int verify(const VerifyOptions& options, Signals& signals) {
  Console console;
  const auto fail = [&](const Error& error) {
    console.print("host-sim: " + error.message);
    return static_cast<int>(kExitFailed);
  };
  auto partitions = load_journal(options.common.data);
  if (!partitions) return fail(partitions.error());
  ReadingHost host(console, options.common.log_level);
  auto sources = open_sources(options, host);
  if (!sources) return fail(sources.error());
  auto directory = RestoreDir::create(options.temporary.empty() ? options.common.data : options.temporary);
  if (!directory) return fail(directory.error());
  const UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  Verifier verifier(std::move(*sources), std::move(*partitions), (*directory)->path(),
                    [&] { ::eventfd_write(wake.get(), 1); });
  verifier.start(options.jobs);
  const VerifyOutcome outcome = supervise(verifier, console, signals, wake.get());
  verifier.stop();
  return report(options, verifier, outcome, console);
}

}  // namespace tidemark::host
