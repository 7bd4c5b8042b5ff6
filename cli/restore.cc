
#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "console.h"
#include "each_partition.h"
#include "find_partitions.h"
#include "nothing.h"
#include "restore_follow.h"
#include "restore_partition.h"
#include "restore_space.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

// A name in DIR that no partition's directory begins with; empty: there is none.
Result<std::string> foreign_name(const RestoreOptions& options,
                                 const std::vector<PartitionName>& partitions) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(options.directory.c_str()), &::closedir);
  if (!dir && errno == ENOENT) return std::string();
  if (!dir) return errno_error("cannot list " + options.directory);
  for (errno = 0; const dirent* item = ::readdir(dir.get()); errno = 0) {
    const std::string_view name = item->d_name;
    if (name == "." || name == ".." || name == "lost+found") continue;
    const bool is_ours = std::any_of(partitions.begin(), partitions.end(), [&](const PartitionName& one) {
      return name == (options.scope.storage.empty() ? one.storage : std::to_string(one.id));
    });
    if (!is_ours) return std::string(name);
  }
  if (errno != 0) return errno_error("cannot list " + options.directory);
  return std::string();
}

// What was meant for a part of the archive would become a directory of that name.
bool is_part_of_archive(const std::string& directory, const std::vector<PartitionName>& partitions) {
  return std::any_of(partitions.begin(), partitions.end(), [&](const PartitionName& one) {
    return directory == one.storage || directory == partition_text(one.storage, one.id);
  });
}

Result<void> check_directory(const RestoreOptions& options, const std::vector<PartitionName>& partitions) {
  if (options.scope.storage.empty() && is_part_of_archive(options.directory, partitions)) {
    return usage_error(options.directory +
                       " is a part of this archive: name the directory that it goes to, too (./" +
                       options.directory + " if that is the directory)");
  }
  if (options.into_existing || options.check) return {};
  TM_ASSIGN(const std::string foreign, foreign_name(options, partitions));
  if (foreign.empty()) return {};
  return usage_error(options.directory + " has something else in it, '" + printable(foreign) +
                     "'; name an empty or a new directory, or give --into-existing");
}

// Each partition takes the keys that lie in its folder; one that lies in none would be passed over silently.
Result<void> check_preferred(const RestoreOptions& options, const std::vector<PartitionName>& partitions) {
  for (const std::string& key : options.prefer) {
    const bool is_of_one = std::any_of(partitions.begin(), partitions.end(), [&](const PartitionName& one) {
      return key.starts_with(partition_text(one.storage, one.id) + "/");
    });
    if (!is_of_one)
      return usage_error("--prefer " + printable(key) +
                         ": no partition of this archive has it (tidemark ls shows " + "the keys)");
  }
  return {};
}

RestoreOptions options_for(const RestoreOptions& all, const PartitionName& name) {
  RestoreOptions one = all;
  one.scope = {name.storage, name.id};
  one.directory += (all.scope.storage.empty() ? "/" + name.storage : "") + "/" + std::to_string(name.id);
  const std::string folder = partition_text(name.storage, name.id) + "/";
  std::erase_if(one.prefer, [&](const std::string& key) { return !key.starts_with(folder); });
  return one;
}

using Restores = std::vector<std::unique_ptr<PartitionRestore>>;

// After everything was looked at, and before anything is begun.
Result<void> begin_all(const RestoreOptions& options, const Restores& restores, const Outcomes& looked,
                       RestoreRun& run) {
  RestoreCounts all;
  for (size_t i = 0; i < restores.size(); ++i) {
    if (looked[i] && looked[i]->code != kExitOk) continue;
    all.wanted_entries += restores[i]->counts().wanted_entries;
    all.wanted_archives += restores[i]->counts().wanted_archives;
    all.new_bytes += restores[i]->counts().new_bytes;
    run.all_bytes += restores[i]->counts().all_bytes();
  }
  return options.dry_run || options.check ? Result<void>() : check_space(options, all);
}

int restore_one(const RestoreOptions& options, RestoreRun& run) {
  Output output(options.json);
  Restores restores;
  restores.push_back(std::make_unique<PartitionRestore>(options, run));
  PartitionRestore& restore = *restores.front();
  if (auto opened = restore.open_dir(); !opened) return fail_with(opened.error());
  if (auto listed = restore.list(); !listed) return fail_with(listed.error());
  if (const auto looked = restore.look()) return tell_outcome(output, *looked);
  if (auto begun = begin_all(options, restores, {std::nullopt}, run); !begun) return fail_with(begun.error());
  return tell_outcome(output, options.dry_run ? restore.tell_dry_run() : restore.work());
}

// One run at a time has a DIR: the partitions below it are locked each by itself too.
Result<UniqueFd> lock_all(const RestoreOptions& options) {
  if (options.dry_run || options.check) return UniqueFd();
  return lock_directory(options.directory);
}

// One listing for all. `strays`: what is irregular and lies in no partition.
Result<Restores> list_all(const RestoreOptions& options, RestoreRun& run, std::vector<PartitionName>& names,
                          Irregular& strays) {
  Restores restores;
  Stop stop;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_IRREGULAR && stored.storage.empty()) strays.add(stored);
    if (stored.storage.empty() || stored.kind == TIDEMARK_STORED_FOREIGN) return true;
    PartitionName name{stored.storage, stored.partition};
    if (names.empty() || names.back() != name) {
      restores.push_back(std::make_unique<PartitionRestore>(options_for(options, name), run));
      names.push_back(std::move(name));
    }
    restores.back()->add(stored);
    return true;
  };
  TM_TRY(run.histories.scan(options.scope, 0, visit, stop));
  return restores;
}

// First all are looked at, so that it is known what there is to do; then they are restored side by side.
// Those that wait for their turn hold no thread, and the threads that read are shared: one partition with one
// large archive does not hold the others up.
int restore_many(const RestoreOptions& options, RestoreRun& run) {
  std::vector<PartitionName> names;
  Irregular strays;
  auto listed = list_all(options, run, names, strays);
  if (!listed) return fail_with(listed.error());
  Stop stop;
  if (names.empty()) return tell_nothing(run.archive, options, "", stop);
  if (const auto checked = check_directory(options, names); !checked) return fail_with(checked.error());
  if (const auto checked = check_preferred(options, names); !checked) return fail_with(checked.error());
  const Restores& restores = *listed;
  Outcomes outcomes = side_by_side(names.size(), options.jobs, names, [&](size_t i) {
    auto looked = restores[i]->look().value_or(PartitionOutcome{});
    return looked.code == kExitData ? restores[i]->all_pruned().value_or(std::move(looked)) : looked;
  });
  if (auto begun = begin_all(options, restores, outcomes, run); !begun) return fail_with(begun.error());
  const auto lock = lock_all(options);
  if (!lock) return fail_with(lock.error());
  std::vector<size_t> good;
  std::vector<PartitionName> good_names;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool is_done = outcomes[i] && !outcomes[i]->row.empty();  // nothing is left to be done for it
    if (!outcomes[i] || outcomes[i]->code != kExitOk || is_done) continue;
    good.push_back(i);
    good_names.push_back(names[i]);
  }
  // Twice as many as read, because each also gives names and waits for the disk.
  const Outcomes worked = side_by_side(good.size(), options.jobs * 2, good_names, [&](size_t i) {
    PartitionRestore& restore = *restores[good[i]];
    return options.dry_run ? restore.tell_dry_run() : restore.work();
  });
  for (size_t i = 0; i < good.size(); ++i) outcomes[good[i]] = worked[i];
  const std::string did = options.check ? "compared" : options.dry_run ? "looked at" : "restored";
  return tell_total(names, strays, outcomes, options.json, did, " into " + options.directory);
}

int follow_some(const RestoreOptions& options, RestoreRun& run) {
  if (options.scope.partition) {
    const std::vector<PartitionName> one = {{options.scope.storage, *options.scope.partition}};
    return follow(
        options, run, [&] { return Result<std::vector<PartitionName>>(one); },
        [&](const PartitionName&) { return options; });
  }
  Irregular irregular;
  const auto names = find_partitions(run.histories, options.scope, options.jobs, irregular);
  if (!names) return fail_with(names.error());
  if (const auto checked = check_directory(options, *names); !checked) return fail_with(checked.error());
  if (const auto checked = check_preferred(options, *names); !checked) return fail_with(checked.error());
  const auto lock = lock_all(options);
  if (!lock) return fail_with(lock.error());
  if (!irregular.is_empty()) console().print(irregular.text());
  Stop stop;
  PartitionFinder finder(run.histories, options.scope, options.jobs, *names);
  const int code = follow(
      options, run, [&] { return finder.look(stop); },
      [&](const PartitionName& name) { return options_for(options, name); });
  return irregular.is_empty() ? code : std::max<int>(code, kExitData);
}

}  // namespace

int run_restore(const RestoreOptions& options) {
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  if (options.to_time_us) (*archive)->tell_when_made();
  Workers readers(options.jobs);
  Histories histories(**archive, options.archive.epoch);
  RestoreRun run{**archive, histories, readers};
  if (options.follow_us) return follow_some(options, run);
  return options.scope.partition ? restore_one(options, run) : restore_many(options, run);
}

}  // namespace tidemark::cli
