#include "check_folders.h"

#include <chrono>
#include <optional>

#include "ordered_pool.h"

namespace tidemark::cli {

namespace {

constexpr unsigned kTogether = 8;

std::string why_of(const TriedThing& tried) {
  if (tried.what == "list") return "it cannot be listed: " + tried.message;
  if (tried.what == "write") return "it cannot be written to: " + tried.message;
  return "nothing can be removed from it: " + tried.message;
}

// Empty: nothing failed.
Result<std::string> try_folder(Archive& writable, const PartitionName& name, const Trier& trier, Stop& stop) {
  std::string why;
  const auto visit = [&](const TriedThing& tried) {
    if (tried.result == TIDEMARK_TRIED_FAILED) why += (why.empty() ? "" : "; ") + why_of(tried);
  };
  TM_TRY(writable.try_out(trier.name(), {name.storage, name.id}, trier.is_left, visit, stop));
  return why;
}

}  // namespace

Result<std::vector<PartitionName>> find_folders(Archive& archive, const Scope& scope, Irregular& irregular,
                                                Stop& stop) {
  std::vector<std::string> storages;
  std::vector<PartitionName> found;
  const std::string wanted = scope.partition ? partition_text(scope.storage, *scope.partition) + "/" : "";
  const auto visit = [&](const Stored& stored) {
    if (!(stored.key + "/").starts_with(wanted)) return true;
    if (stored.kind == TIDEMARK_STORED_IRREGULAR) irregular.add(stored);
    if (stored.kind == TIDEMARK_STORED_STORAGE) storages.push_back(stored.storage);
    if (stored.kind == TIDEMARK_STORED_PARTITION) found.push_back({stored.storage, stored.partition});
    return true;
  };
  if (!scope.storage.empty()) {
    storages.push_back(scope.storage);
  } else {
    TM_TRY(archive.scan_level("", "", visit, stop));
  }
  for (size_t i = 0; i < storages.size(); ++i) TM_TRY(archive.scan_level(storages[i], "", visit, stop));
  return found;
}

Result<std::vector<FolderProblem>> try_folders(Archive& writable, const std::vector<PartitionName>& names,
                                               const Trier& trier, Stop& stop) {
  std::vector<FolderProblem> problems;
  std::optional<Error> failed;
  OrderedPool pool(kTogether);
  const auto drain = [&](size_t most) {
    while (pool.pending() > most && !failed && !stop.is_set()) {
      if (const auto epilogue = pool.take(std::chrono::milliseconds(100))) (*epilogue)();
    }
  };
  for (const PartitionName& name : names) {
    pool.submit([&, name]() -> OrderedPool::Epilogue {
      const auto why = try_folder(writable, name, trier, stop);
      return [&, name, why] {
        if (!why && !failed) failed = why.error();
        if (why && !why->empty()) problems.push_back({name, *why});
      };
    });
    drain(size_t{kTogether} * 4);
    if (failed || stop.is_set()) break;
  }
  drain(0);
  if (failed) return *failed;
  if (stop.is_set()) return Error{kExitInterrupted, "interrupted"};
  return problems;
}

}  // namespace tidemark::cli
