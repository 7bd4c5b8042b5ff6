// The sink of several hosts: objects under names with epochs, and the records of epochs. Create-only, and
// stricter than the real one: what it holds is what it said it holds. A content is a number, unique in a
// world.
//
// A reader of a chain goes by names alone, with the very code of production (common/format/chain.h).
#ifndef TIDEMARK_SIM_LINEAGE_STORE_H
#define TIDEMARK_SIM_LINEAGE_STORE_H

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "core/claim.h"
#include "format/chain.h"
#include "format/object_name.h"

namespace tidemark::sim {

using Entry = uint32_t;  // 0: none

struct EpochRecordOfSim {
  Id owner{};
  Id claim{};
  uint64_t parent = 0;
};

class LineageStore {
 public:
  LineageStore(size_t storages, size_t partitions)
      : epochs_(storages), partitions_(partitions), begun_(partitions) {}

  // ---- Epochs of a storage
  // False: there is one already.
  bool put_epoch(size_t storage, uint64_t epoch, const EpochRecordOfSim& record) {
    return epochs_[storage].emplace(epoch, record).second;
  }
  const EpochRecordOfSim* find_epoch(size_t storage, uint64_t epoch) const;
  uint64_t newest_epoch(size_t storage) const {
    return epochs_[storage].empty() ? 0 : epochs_[storage].rbegin()->first;
  }
  // As a reader makes it of the records.
  Chain chain_of(size_t storage, uint64_t epoch) const;

  // ---- Objects of a partition
  enum class Put : uint8_t { kCreated, kEqual, kDifferent };
  // Records have no entries.
  Put put(size_t partition, const ParsedName& name, const std::vector<Entry>& entries);
  const std::vector<Entry>* find(size_t partition, const ParsedName& name) const;
  size_t objects(size_t partition) const { return partitions_[partition].size(); }

  struct Counted {
    ParsedName name;
    Range part;
    const std::vector<Entry>* entries;
  };
  // When an epoch put its first archive or gap record in the partition, in puts of this store; 0: not yet.
  uint64_t begun(size_t partition, uint64_t epoch) const;
  uint64_t puts() const { return puts_; }
  // Whether an archive of the chain has these bytes, whatever hides it; then `by` says which epochs do.
  bool has_hidden(size_t partition, const Chain& chain, Lsn lsn, Entry entry,
                  std::vector<uint64_t>& by) const;
  // What counts in the chain, ascending by last LSN.
  std::vector<Counted> counted(size_t partition, const Chain& chain) const;
  // Of each LSN what a reader gets. Throws Violation if two objects of the chain disagree about one.
  std::map<Lsn, Entry> read(size_t partition, const Chain& chain) const;

 private:
  // last, first, epoch, with what it began, coding: by last, as keys are
  using Key = std::tuple<Lsn, Lsn, uint64_t, ObjectKind, Lsn, Coding>;
  static Key key_of(const ParsedName& name) {
    return {name.range.last, name.range.first, name.epoch, name.kind, name.begun, name.coding};
  }
  static ParsedName name_of(const Key& key) {
    return {{std::get<1>(key), std::get<0>(key)},
            std::get<3>(key),
            std::get<2>(key),
            std::get<5>(key),
            std::get<4>(key)};
  }
  std::vector<std::map<uint64_t, EpochRecordOfSim>> epochs_;
  std::vector<std::map<Key, std::vector<Entry>>> partitions_;
  std::vector<std::map<uint64_t, uint64_t>> begun_;  // by partition and epoch
  uint64_t puts_ = 0;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_LINEAGE_STORE_H
