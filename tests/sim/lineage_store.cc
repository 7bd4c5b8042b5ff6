#include "lineage_store.h"

#include "violation.h"

namespace tidemark::sim {

const EpochRecordOfSim* LineageStore::find_epoch(size_t storage, uint64_t epoch) const {
  const auto at = epochs_[storage].find(epoch);
  return at == epochs_[storage].end() ? nullptr : &at->second;
}

Chain LineageStore::chain_of(size_t storage, uint64_t epoch) const {
  std::map<uint64_t, uint64_t> parents;
  for (const auto& [number, record] : epochs_[storage]) parents[number] = record.parent;
  std::string problem;
  const auto chain = Chain::of(epoch, parents, &problem);
  if (!chain) throw Violation("a chain of records is whole: " + problem);
  return *chain;
}

LineageStore::Put LineageStore::put(size_t partition, const ParsedName& name,
                                    const std::vector<Entry>& entries) {
  const auto [at, is_new] = partitions_[partition].emplace(key_of(name), entries);
  if (is_new) begun_[partition].emplace(name.epoch, ++puts_);
  if (is_new) return Put::kCreated;
  return at->second == entries ? Put::kEqual : Put::kDifferent;
}

const std::vector<Entry>* LineageStore::find(size_t partition, const ParsedName& name) const {
  const auto at = partitions_[partition].find(key_of(name));
  return at == partitions_[partition].end() ? nullptr : &at->second;
}

uint64_t LineageStore::begun(size_t partition, uint64_t epoch) const {
  const auto at = begun_[partition].find(epoch);
  return at == begun_[partition].end() ? 0 : at->second;
}

bool LineageStore::has_hidden(size_t partition, const Chain& chain, Lsn lsn, Entry entry,
                              std::vector<uint64_t>& by) const {
  uint64_t holder = 0;
  for (const auto& [key, entries] : partitions_[partition]) {
    const ParsedName name = name_of(key);
    if (name.kind != ObjectKind::kArchive || !chain.contains(name.epoch) || !name.range.contains(lsn))
      continue;
    if (entries[static_cast<size_t>(lsn - name.range.first)] == entry) holder = std::max(holder, name.epoch);
  }
  if (holder == 0) return false;
  for (const auto& [key, entries] : partitions_[partition]) {
    const ParsedName name = name_of(key);
    if (chain.contains(name.epoch) && name.epoch > holder && name.range.first <= lsn)
      by.push_back(name.epoch);
  }
  return true;
}

std::vector<LineageStore::Counted> LineageStore::counted(size_t partition, const Chain& chain) const {
  EpochBeginnings beginnings(chain);
  for (const auto& [key, entries] : partitions_[partition]) beginnings.see(name_of(key));
  std::vector<Counted> counted;
  for (const auto& [key, entries] : partitions_[partition]) {
    const ParsedName name = name_of(key);
    if (const auto part = beginnings.counts(name)) counted.push_back({name, *part, &entries});
  }
  return counted;
}

std::map<Lsn, Entry> LineageStore::read(size_t partition, const Chain& chain) const {
  std::map<Lsn, Entry> seen;
  for (const Counted& one : counted(partition, chain)) {
    if (one.name.kind != ObjectKind::kArchive) continue;
    for (Lsn lsn = one.part.first; lsn <= one.part.last; ++lsn) {
      const Entry entry = (*one.entries)[static_cast<size_t>(lsn - one.name.range.first)];
      const auto [at, is_new] = seen.emplace(lsn, entry);
      if (at->second != entry)
        throw Violation("what counts in a chain agrees: partition " + std::to_string(partition) + " LSN " +
                        std::to_string(lsn) + " in the chain " + chain.text());
    }
  }
  return seen;
}

}  // namespace tidemark::sim
