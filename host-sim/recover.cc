#include "recover.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "attend.h"
#include "base/json.h"
#include "console.h"
#include "log_store.h"
#include "partition_dir.h"
#include "readback.h"
#include "recoverer.h"
#include "usage.h"

namespace tidemark::host {

namespace {

// The partitions that the sink holds archives of.
Result<std::vector<ArchivedPartition>> survey(const Readback& source) {
  std::map<std::pair<std::string, uint64_t>, ArchivedPartition> all;
  TM_TRY(source.scan([&](StoredObject object) {
    if (object.kind == TIDEMARK_STORED_FOREIGN || object.storage.empty()) return;
    ArchivedPartition& partition = all[{object.storage, object.partition}];
    partition.storage = object.storage;
    partition.id = object.partition;
    if (object.kind == TIDEMARK_STORED_ARCHIVE) {
      partition.archives.push_back(std::move(object.archive));
    } else if (object.kind == TIDEMARK_STORED_PRUNED) {
      partition.pruned_through = std::max(partition.pruned_through, object.archive.last);
    } else if (object.kind == TIDEMARK_STORED_GAP || object.kind == TIDEMARK_STORED_ACCEPTED) {
      partition.known_holes.push_back({object.archive.first, object.archive.last});
    } else if (object.kind == TIDEMARK_STORED_ORIGIN && partition.origin_last == 0) {
      partition.origin_last = object.archive.last;
      partition.origin_key = object.archive.key;
    }
  }));
  for (auto& [key, partition] : all) {
    if (partition.origin_last == 0) continue;
    // It says what need not be there, so it is proven first.
    TM_TRY(source.prove_record(partition.origin_key));
  }
  std::vector<ArchivedPartition> partitions;
  for (auto& [key, partition] : all) {
    if (partition.archives.empty()) continue;
    if (std::string problem = storage_problem(partition.storage); !problem.empty()) {
      return fail(source.url() + " is not an archive of this engine: " + problem);
    }
    if (partition.id >= kMaxPartitions) {
      return fail(source.url() + " is not an archive of this engine: it holds partition " +
                  std::to_string(partition.id) + " of " + partition.storage);
    }
    partitions.push_back(std::move(partition));
  }
  if (partitions.empty()) return fail(source.url() + " holds no archives; is --sink right?");
  return partitions;
}

// A directory is either new, or was left by an interrupted recovery from the same sink.
Result<void> claim(const std::string& directory, const std::string& url) {
  const std::string marker = directory + "/" + kRecoveringName;
  TM_ASSIGN(auto names, list_names(directory));
  if (::access(marker.c_str(), F_OK) == 0) {
    TM_ASSIGN(auto begun, read_file(marker));
    // A power cut may have left it empty.
    if (begun.empty() || begun == url + "\n") return {};
    begun.pop_back();
    return fail(directory + " was being recovered from " + begun + "; give another --data");
  }
  for (const std::string& name : names) {
    if (name != kLockName && name != std::string(kRecoveringName) + ".tmp")
      return fail(directory + " is not empty; a recovery needs a directory of its own");
  }
  TM_TRY(replace_file(marker, url + "\n", Durability::kFsync));
  return sync_dir(directory);
}

// The journal appears whole or not at all; only then is the directory an engine's.
Result<void> finish(const std::string& directory, const std::vector<Recoverer::Recovered>& partitions) {
  for (const auto& partition : partitions) {
    const std::string root = directory + "/" + partition.storage + "/" + std::to_string(partition.id);
    TM_TRY(write_position(root, partition.position));
  }
  const std::string path = directory + "/" + kJournalName;
  TM_ASSIGN(auto journal, Journal::open(path + ".new", 0));
  for (const auto& partition : partitions) {
    TM_TRY(journal->append(partition.records));
  }
  TM_TRY(journal->sync());
  if (::rename((path + ".new").c_str(), path.c_str()) != 0) return fail_errno(errno, "cannot make " + path);
  TM_TRY(sync_dir(directory));
  const std::string marker = directory + "/" + kRecoveringName;
  if (::unlink(marker.c_str()) != 0) return fail_errno(errno, "cannot remove " + marker);
  return sync_dir(directory);
}

struct RecoverOutcome {
  bool interrupted = false;
  double seconds = 0;
  uint64_t partitions = 0;
  std::vector<std::string> notes;
  std::vector<std::string> errors;
};

Result<void> write_json(const std::string& path, const Recoverer& recoverer, const RecoverOutcome& outcome) {
  Json json;
  json["interrupted"] = outcome.interrupted;
  json["archived_entries"] = recoverer.total();
  json["entries"] = recoverer.recovered();
  json["partitions"] = outcome.partitions;
  json["archives"] = recoverer.archives();
  json["lost"] = outcome.notes;
  json["errors"] = outcome.errors;
  json["seconds"] = outcome.seconds;
  return replace_file(path, json.dump(2) + "\n", Durability::kUnsafe);
}

void bring_everything_back(Recoverer& recoverer, uint32_t threads, int wake, Console& console,
                           Signals& signals, RecoverOutcome& outcome) {
  const double begin = usage_now().wall_s;
  recoverer.start(threads);
  outcome.interrupted = !attend(
      console, signals, wake, [&] { return recoverer.done(); },
      [&] {
        for (std::string& note : recoverer.take_notes()) {
          console.post(note);
          outcome.notes.push_back(std::move(note));
        }
        return ProgressState{recoverer.recovered(), recoverer.total(), 0, false};
      },
      [&] { recoverer.stop(); });
  recoverer.stop();
  outcome.errors = recoverer.errors();
  outcome.seconds = usage_now().wall_s - begin;
}

int report(const RecoverOptions& options, const Recoverer& recoverer, RecoverOutcome& outcome,
           Console& console) {
  for (const std::string& error : outcome.errors) console.print("host-sim: cannot recover " + error);
  const bool failed = !outcome.errors.empty();
  if (failed || outcome.interrupted) {
    console.print(std::string(outcome.interrupted ? "interrupted" : "not finished") +
                  ": the same command again continues from here");
  }
  bool written = true;
  if (!options.common.json_file.empty()) {
    auto put = write_json(options.common.json_file, recoverer, outcome);
    if (!put) console.print("host-sim: " + put.error().message);
    written = static_cast<bool>(put);
  }
  std::printf("recovered %llu of %llu entries of %llu partitions from %llu archives\n",
              static_cast<unsigned long long>(recoverer.recovered()),
              static_cast<unsigned long long>(recoverer.total()),
              static_cast<unsigned long long>(outcome.partitions),
              static_cast<unsigned long long>(recoverer.archives()));
  if (outcome.interrupted) return kExitInterrupted;
  return failed || !written ? kExitFailed : kExitOk;
}

}  // namespace

int recover(const RecoverOptions& options, Signals& signals) {
  Console console;
  const auto fail = [&](const Error& error) {
    console.print("host-sim: " + error.message);
    return static_cast<int>(kExitFailed);
  };
  const std::string& directory = options.common.data;
  ReadingHost host(console, options.common.log_level);
  auto plugin = Plugin::load(options.common.plugin);
  if (!plugin) return fail(plugin.error());
  auto source = Readback::open(std::move(*plugin), host, options.common, options.sink);
  if (!source) return fail(source.error());
  auto partitions = survey(**source);
  if (!partitions) return fail(partitions.error());
  if (auto made = make_dirs(directory, Durability::kFsync); !made) return fail(made.error());
  const auto lock = lock_data(directory);
  if (!lock) return fail(lock.error());
  if (auto claimed = claim(directory, (*source)->url()); !claimed) return fail(claimed.error());

  RecoverOutcome outcome;
  outcome.partitions = partitions->size();
  const UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  Recoverer recoverer(**source, std::move(*partitions), directory, [&] { ::eventfd_write(wake.get(), 1); });
  bring_everything_back(recoverer, options.jobs, wake.get(), console, signals, outcome);
  if (!outcome.interrupted && outcome.errors.empty()) {
    if (auto finished = finish(directory, recoverer.take()); !finished)
      outcome.errors.push_back(finished.error().message);
  }
  return report(options, recoverer, outcome, console);
}

}  // namespace tidemark::host
