#include "find_partitions.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "ordered_pool.h"
#include "parted_listing.h"

namespace tidemark::cli {

namespace {

// The partitions of a part of the listing, and what is irregular there.
class NamesPart : public ListedPart {
 public:
  NamesPart(std::vector<PartitionName>& names, Irregular& irregular) : names_(names), irregular_(irregular) {}

  void add(const Stored& stored, const Proof&) override {
    if (stored.kind == TIDEMARK_STORED_IRREGULAR) found_irregular_.push_back(stored);
    if (!is_ours(stored)) return;
    PartitionName name{stored.storage, stored.partition};
    if (found_.empty() || found_.back() != name) found_.push_back(std::move(name));
  }
  void finish() override {}
  bool is_full() const override { return found_irregular_.size() >= kMostIrregular; }
  bool tell() override {
    for (const Stored& stored : found_irregular_) irregular_.add(stored);
    for (PartitionName& name : found_) {
      if (names_.empty() || names_.back() != name) names_.push_back(std::move(name));
    }
    found_irregular_.clear();
    found_.clear();
    return true;
  }

 private:
  static constexpr size_t kMostIrregular = 4096;
  std::vector<PartitionName>& names_;  // of all parts
  Irregular& irregular_;
  std::vector<PartitionName> found_;
  std::vector<Stored> found_irregular_;
};

}  // namespace

Result<std::vector<PartitionName>> find_partitions(Histories& histories, const Scope& scope, unsigned jobs,
                                                   Irregular& irregular) {
  std::vector<PartitionName> names;
  TM_TRY(list_in_parts({histories.archive(), &histories}, scope, jobs,
                       [&] { return std::make_unique<NamesPart>(names, irregular); }));
  return names;
}

PartitionFinder::PartitionFinder(Histories& histories, const Scope& scope, unsigned jobs,
                                 const std::vector<PartitionName>& known)
    : histories_(histories), scope_(scope), jobs_(jobs) {
  for (const PartitionName& name : known) known_.emplace(name.storage, name.id);
}

Result<void> PartitionFinder::each(size_t count, const std::function<Result<void>(size_t)>& work) const {
  if (count == 0) return {};
  if (count == 1) return work(0);
  std::optional<Error> failed;
  OrderedPool pool(static_cast<unsigned>(std::min<size_t>(jobs_, count)));
  for (size_t next = 0; next < count || pool.pending() > 0;) {
    while (next < count && pool.pending() < size_t{jobs_} * 2) {
      pool.submit([&work, &failed, i = next]() -> OrderedPool::Epilogue {
        const auto done = work(i);
        return [&failed, done] {
          if (!done && !failed) failed = done.error();
        };
      });
      ++next;
    }
    if (const auto epilogue = pool.take(std::chrono::milliseconds(100))) (*epilogue)();
    if (failed) return *failed;
    if (interrupted()) return Error{kExitInterrupted, "interrupted"};
  }
  return {};
}

Result<std::vector<std::string>> PartitionFinder::list_storages(Stop& stop) {
  if (!scope_.storage.empty()) return std::vector<std::string>{scope_.storage};
  std::vector<std::string> storages;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_STORAGE) storages.push_back(stored.storage);
    return true;
  };
  TM_TRY(histories_.archive().scan_level("", "", visit, stop));
  return storages;
}

Result<std::vector<PartitionName>> PartitionFinder::list_partitions(const std::string& storage, Stop& stop) {
  std::vector<PartitionName> names;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_PARTITION) names.push_back({stored.storage, stored.partition});
    return true;
  };
  TM_TRY(histories_.archive().scan_level(storage, "", visit, stop));
  return names;
}

Result<bool> PartitionFinder::holds_something(const PartitionName& name, Stop& stop) {
  bool is_something = false;
  const auto visit = [&](const Stored& stored) {
    is_something = is_ours(stored);
    return !is_something;
  };
  TM_TRY(histories_.scan({name.storage, name.id}, 0, visit, stop));
  return is_something;
}

Result<std::vector<PartitionName>> PartitionFinder::look(Stop& stop) {
  TM_ASSIGN(const auto storages, list_storages(stop));
  std::vector<std::vector<PartitionName>> of_storages(storages.size());
  TM_TRY(each(storages.size(), [&](size_t i) -> Result<void> {
    TM_ASSIGN(of_storages[i], list_partitions(storages[i], stop));
    return {};
  }));
  std::vector<PartitionName> names;
  std::vector<size_t> unknown;  // of the names
  for (auto& some : of_storages) {
    for (PartitionName& name : some) {
      if (!is_known(name)) unknown.push_back(names.size());
      names.push_back(std::move(name));
    }
  }
  std::vector<char> is_empty(names.size(), 0);  // a folder may be there, and nothing in it
  TM_TRY(each(unknown.size(), [&](size_t i) -> Result<void> {
    TM_ASSIGN(const bool holds, holds_something(names[unknown[i]], stop));
    is_empty[unknown[i]] = holds ? 0 : 1;
    return {};
  }));
  std::vector<PartitionName> found;
  for (size_t i = 0; i < names.size(); ++i) {
    if (is_empty[i] == 0) found.push_back(std::move(names[i]));
  }
  known_.clear();
  for (const PartitionName& name : found) known_.emplace(name.storage, name.id);
  return found;
}

}  // namespace tidemark::cli
