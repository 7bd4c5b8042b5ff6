#include "earlier_state.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "clone.h"
#include "format/lsn.h"
#include "history.h"
#include "log_store.h"
#include "partition_dir.h"

namespace tidemark::host {

namespace {

// As on the command line: what was asked for and is not done yet.
std::string words_of(const EarlierState& state) {
  std::string words;
  if (!state.clone_of.empty()) words = "--clone-of " + state.clone_of;
  if (state.restore_to) {
    if (!words.empty()) words += ' ';
    words += "--restore-to " + std::to_string(*state.restore_to);
  }
  return words;
}

Result<void> sync_if(const std::string& directory, Durability durability) {
  return durability == Durability::kFsync ? sync_dir(directory) : Result<void>();
}

Result<void> empty_for_clone(const std::string& directory) {
  TM_ASSIGN(auto names, list_names(directory));
  for (const std::string& name : names) {
    if (name == kLockName || name == kUnfinishedName) continue;
    TM_TRY(remove_tree(directory + "/" + name));
  }
  return {};
}

// Says in the directory what is being done with it, unless it does already.
Result<void> claim(const std::string& directory, const EarlierState& state, Durability durability) {
  const std::string marker = directory + "/" + kUnfinishedName;
  const std::string words = words_of(state);
  auto begun = read_file(marker);
  if (begun) {
    if (begun->empty() || *begun == words + "\n") return {};  // a power cut may have left it empty
    begun->pop_back();
    return fail("`" + *begun + "` did not come to its end in " + directory + "; give it again");
  }
  if (begun.error().sys_errno != ENOENT) return begun.error();
  TM_ASSIGN(auto names, list_names(directory));
  const auto is_ours = [](const std::string& name) {
    return name == kLockName || name == std::string(kUnfinishedName) + ".tmp";
  };
  if (!state.clone_of.empty() && !std::all_of(names.begin(), names.end(), is_ours)) {
    return fail(directory +
                " is not empty; a clone needs a directory of its own (without --clone-of it continues)");
  }
  TM_TRY(replace_file(marker, words + "\n", durability));
  return sync_if(directory, durability);
}

// The journal appears whole or not at all.
Result<void> cut_journal(const std::string& directory, uint64_t last, Durability durability) {
  const std::string path = directory + "/" + kJournalName;
  std::vector<JournalRecord> kept;
  TM_TRY(scan_journal(path, [&](JournalRecord record) {
    if (record.lsn <= last) kept.push_back(std::move(record));
  }));
  TM_ASSIGN(auto journal, Journal::open(path + ".new", 0));
  TM_TRY(journal->append(kept));
  if (durability == Durability::kFsync) {
    TM_TRY(journal->sync());
  }
  if (::rename((path + ".new").c_str(), path.c_str()) != 0)
    return fail_errno(errno, "cannot replace " + path);
  return sync_if(directory, durability);
}

Result<void> forget_after(const std::string& directory, uint64_t last, Durability durability) {
  TM_ASSIGN(auto partitions, partitions_of(directory));
  if (partitions.empty()) return fail(directory + " has no log; is --data right?");
  for (const auto& [storage, id] : partitions) {
    const std::string root = directory + "/" + storage + "/" + std::to_string(id);
    TM_ASSIGN(auto lsns, sweep_and_list(root));
    for (uint64_t lsn : lsns) {
      if (lsn <= last) continue;
      TM_TRY(prune_entry(root, lsn));
    }
    PartitionPosition position = read_position(root);
    position.low = std::min(position.low, last + 1);
    position.next = std::min(position.next, last + 1);
    position.acked = std::min(position.acked, last);
    TM_TRY(write_position(root, position));
  }
  return cut_journal(directory, last, durability);
}

Result<void> refuse_recovering(const std::string& directory) {
  if (::access((directory + "/" + kRecoveringName).c_str(), F_OK) != 0) return {};
  return fail(directory + " is not recovered yet; run `host-sim recover` again");
}

}  // namespace

Result<void> take_state(const std::string& directory, const EarlierState& state, Durability durability) {
  if (!state.clone_of.empty()) {
    TM_TRY(refuse_recovering(state.clone_of));
    if (::access((state.clone_of + "/" + kUnfinishedName).c_str(), F_OK) == 0)
      return fail(state.clone_of + " is not whole itself: what made it did not come to its end");
  }
  TM_TRY(make_dirs(directory, durability));
  TM_ASSIGN(const auto lock, lock_data(directory));
  TM_TRY(refuse_recovering(directory));
  TM_TRY(claim(directory, state, durability));
  if (!state.clone_of.empty()) {
    TM_TRY(empty_for_clone(directory));
    TM_TRY(copy_data(state.clone_of, directory, durability));
  }
  if (state.restore_to) {
    TM_TRY(forget_after(directory, *state.restore_to, durability));
  }
  TM_TRY(begin_history(directory, durability));
  TM_TRY(sync_if(directory, durability));
  const std::string marker = directory + "/" + kUnfinishedName;
  if (::unlink(marker.c_str()) != 0) return fail_errno(errno, "cannot remove " + marker);
  return sync_if(directory, durability);
}

}  // namespace tidemark::host
