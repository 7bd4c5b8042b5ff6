// What several hosts share: the store, what is still on its way to it from processes that are dead, and what
// was promised to whom. And what a data directory holds, which is what a snapshot takes along.
#ifndef TIDEMARK_SIM_LINEAGE_WORLD_H
#define TIDEMARK_SIM_LINEAGE_WORLD_H

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/claim.h"
#include "core/scheduler.h"
#include "lineage_store.h"
#include "random.h"

namespace tidemark::sim {

// Rules of the design that do not live in core: what breaks without them is shown with --broken.
enum class Broken : uint8_t {
  kNothing,
  kNamesWithoutEpoch,  // objects of all epochs have the same names
  kParentIsNewest,     // a takeover continues the newest epoch instead of what the data came from
  kRememberedLate      // the epoch is remembered some time after the first acknowledgement
};

struct PartitionLog {
  std::vector<Entry> history;  // all that was ever committed; LSN 1 comes first
  Lsn low = 1;                 // what lies below was pruned
  Lsn acked = kNoLsn;
  Lsn high() const { return history.size(); }
  Entry read(Lsn lsn) const {
    return lsn >= low && lsn <= high() ? history[static_cast<size_t>(lsn - 1)] : 0;
  }
};

struct DataDirectory {
  Id owner{};
  std::vector<PartitionLog> logs;
  std::vector<std::vector<core::RememberedEpoch>> remembered;  // by storage; the one used last comes last
};

// On its way to the store from a process that may be dead by now.
struct LatePut {
  size_t partition = 0;  // of an object; of a record of an epoch its storage
  ParsedName name;       // kEpoch: the record of name.epoch
  std::vector<Entry> entries;
  EpochRecordOfSim record;
};

// A host was told that it may prune up to lsn.
struct Promise {
  size_t host;
  size_t partition;
  uint64_t epoch;
  Lsn lsn;
  uint64_t looked;  // its run first, in puts of the store
};

struct LineageStats {
  uint64_t steps = 0, jobs = 0, acks = 0, epochs = 0, finished = 0, clones = 0, kills = 0, late_puts = 0,
           takeovers = 0, branches = 0, superseded = 0, refused = 0, hidden = 0;
  void add(const LineageStats& other);
};

struct LineageWorld {
  LineageWorld(size_t of_storages, size_t partitions)
      : store(of_storages, partitions), storages(of_storages) {}

  size_t storage_of(size_t partition) const { return partition % storages; }
  Id draw_id() {
    Id id{};
    const uint64_t number = ++ids;
    for (size_t i = 0; i < sizeof number; ++i) id[i] = static_cast<uint8_t>(number >> (8 * i));
    return id;
  }
  // Of what the next run archives.
  Coding draw_coding();
  void land(const LatePut& put);
  // What the design does not prevent: an epoch that had not begun when its child looked begins after that,
  // below what the child adopted from a grandparent. That is hidden then. Its bytes are there; not so if it
  // is strict.
  bool is_hidden_by_late_beginning(size_t partition, const Chain& chain, Lsn lsn, Entry entry,
                                   uint64_t looked);
  void trace(const char* format, ...) const __attribute__((format(printf, 2, 3)));

  LineageStore store;
  const size_t storages;
  Broken broken = Broken::kNothing;
  bool traces = false;
  size_t list_limit = 1000;
  bool is_encrypted = false;   // and no host has an identity
  bool mixes_codings = false;  // from run to run
  uint64_t runs = 0;
  uint64_t batch_size = 1000;  // of an archive
  bool is_strict = false;
  core::TimeMs now = 0;
  Entry entries = 0;  // the last one that any log was given
  uint64_t ids = 0;
  std::vector<LatePut> late;
  std::vector<Promise> promises;
  std::set<std::tuple<size_t, size_t, Lsn>> told_lost;  // which host, of which partition and LSN
  LineageStats stats;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_LINEAGE_WORLD_H
