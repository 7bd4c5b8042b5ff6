// Where host threads leave their notifications, and the directory of partitions.
//
// A notification is merged at once into the record of its partition, so memory is bounded by partitions,
// never by notifications; each record has a dense number, the PartitionRef by which the scheduler knows it.
// Records lie in chunks, and a chunk whose partitions are all forgotten goes back to the system. Only a
// partition's first notification needs memory; without it nothing has changed.
//
// notify: any thread, bounded time, no I/O (one short lock, of one of many shards). The others: the
// dispatcher, which serialises them.
#ifndef TIDEMARK_RUNTIME_INTAKE_H
#define TIDEMARK_RUNTIME_INTAKE_H

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "core/partition_table.h"
#include "core/scheduler.h"
#include "core/types.h"
#include "runtime/chunk_pool.h"

namespace tidemark::runtime {

// Partitions one archiver knows at a time, and distinct names of storages within one run.
inline constexpr size_t kMaxPartitions = size_t{1} << 26;
inline constexpr size_t kMaxStorages = size_t{1} << 16;
inline constexpr Lsn kMaxLsn = UINT64_MAX - 1;

struct Notification {
  core::PartitionRef partition;
  core::StorageRef storage;
  core::Notice notice;
};

struct PartitionId {
  const std::string* storage;  // lives until reset()
  uint64_t id;
};

class Intake {
 public:
  Intake() = default;
  ~Intake() { reset(); }
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // What notify answers: closed before start, open, closed by stop.
  enum class Gate : uint8_t { kNotStarted, kOpen, kStopping };

  // `became_pending` says that something waits now and nothing did before: someone must be woken.
  Status notify(std::string_view storage, uint64_t id, Lsn low, Lsn high, bool* became_pending);

  void set_gate(Gate gate);
  // Whether drain would give something; sequentially consistent with notify.
  bool pending() const { return pending_shards_.load() != 0; }
  // Fills `out` with what waits, as far as it goes; returns the filled part.
  std::span<Notification> drain(std::span<Notification> out);
  PartitionId id_of(core::PartitionRef ref);
  const std::string& name_of(core::StorageRef storage);  // lives until reset()
  // The scheduler has forgotten the partition: its number is free again, unless a notification waits.
  void forget(core::PartitionRef ref);
  // A notification that drain gave out and that could not be used now: it waits again.
  void put_back(const Notification& notification);
  // Forgets everything; no thread may hold a PartitionId, and no scheduler the states.
  void reset();
  // What the scheduler knows of each partition, kept beside its record.
  core::PartitionTable& states() { return states_; }

 private:
  static constexpr uint32_t kShards = 16;
  static constexpr uint32_t kChunkRecords = core::PartitionTable::kChunkPartitions;
  static constexpr uint64_t kAllFree = (uint64_t{1} << kChunkRecords) - 1;
  static constexpr uint32_t kNone = 0xFFFFFFFFU;
  static constexpr size_t kFewSlots = 1024;  // not worth giving back

  struct StorageName {
    std::string text;
    core::StorageRef ref;
  };
  struct Record {
    const StorageName* storage = nullptr;  // nullptr: free
    uint64_t id = 0;
    core::Notice notice;  // low is none: nothing pending
    uint32_t hash = 0;
    uint32_t next_pending = kNone;
  };
  // All of one shard. Lies in memory of chunks_.
  struct Chunk {
    uint32_t shard = 0;
    uint32_t place = 0;        // in its shard's list
    uint64_t free = kAllFree;  // one bit a record
    std::array<Record, kChunkRecords> records;
    std::array<core::PartitionState, kChunkRecords> states;
  };
  static_assert(sizeof(Chunk) <= 3 * 4096 && sizeof(Chunk) > 3 * 4096 - 256, "three pages, filled");
  struct alignas(64) Shard {
    Mutex mutex;
    Gate gate TM_GUARDED_BY(mutex) = Gate::kNotStarted;
    std::vector<uint32_t> chunks TM_GUARDED_BY(mutex);
    size_t open_from TM_GUARDED_BY(mutex) = 0;         // chunks before this one are full
    std::vector<uint32_t> slots TM_GUARDED_BY(mutex);  // open addressing over records, kNone: empty
    uint32_t used TM_GUARDED_BY(mutex) = 0;
    uint32_t first_pending TM_GUARDED_BY(mutex) = kNone;  // a list through the records
    uint32_t last_pending TM_GUARDED_BY(mutex) = kNone;
  };

  Chunk& chunk_of(core::PartitionRef ref) const {
    return *static_cast<Chunk*>(chunks_.at(ref / kChunkRecords));
  }
  Record& record_of(core::PartitionRef ref) const { return chunk_of(ref).records[ref % kChunkRecords]; }
  core::PartitionRef find(const Shard& shard, std::string_view storage, uint64_t id, uint32_t hash) const
      TM_REQUIRES(shard.mutex);
  Result<core::PartitionRef> insert(uint32_t shard_number, Shard& shard, std::string_view storage,
                                    uint64_t id, uint32_t hash) TM_REQUIRES(shard.mutex);
  // A free record, not taken yet.
  Result<core::PartitionRef> free_record(uint32_t shard_number, Shard& shard) TM_REQUIRES(shard.mutex);
  bool resize_slots(Shard& shard, size_t size) TM_REQUIRES(shard.mutex);
  void erase(Shard& shard, core::PartitionRef ref) TM_REQUIRES(shard.mutex);
  void release(Shard& shard, core::PartitionRef ref) TM_REQUIRES(shard.mutex);
  Result<const StorageName*> intern(std::string_view storage) TM_EXCLUDES(names_mutex_);

  void make_pending(uint32_t shard_number, Shard& shard, core::PartitionRef ref, bool* became_pending)
      TM_REQUIRES(shard.mutex);
  bool attach(uint32_t chunk_number, Chunk& chunk) TM_EXCLUDES(states_mutex_);

  Mutex states_mutex_;  // only to attach to states_ and to detach
  core::PartitionTable states_;
  ChunkPool chunks_{sizeof(Chunk)};
  std::array<Shard, kShards> shards_;
  std::atomic<uint32_t> pending_shards_{0};  // one bit a shard; changed under the shard's lock
  uint32_t drain_shard_ = 0;                 // where drain continues; the dispatcher's
  Mutex names_mutex_;
  std::deque<StorageName> names_ TM_GUARDED_BY(names_mutex_);  // by StorageRef
  std::unordered_map<std::string_view, const StorageName*> by_name_ TM_GUARDED_BY(names_mutex_);
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_INTAKE_H
