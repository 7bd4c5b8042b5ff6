// Where every partition stands, in memory: which entries exist, which are acknowledged, which are on loan.
// This is what the plugin's callbacks use, so nothing here does I/O or waits for a disk.
//
// Any thread may call every member. Partitions are the numbers 0 .. size() - 1; a group of them shares a
// lock.
#ifndef TIDEMARK_HOST_SIM_PARTITION_TABLE_H
#define TIDEMARK_HOST_SIM_PARTITION_TABLE_H

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "latency.h"

namespace tidemark::host {

// Entries low .. next - 1 are on disk; acked is the highest the plugin has ever acknowledged.
struct PartitionPosition {
  uint64_t low = 1;
  uint64_t next = 1;
  uint64_t acked = 0;
};

class PartitionTable {
 public:
  explicit PartitionTable(const std::vector<PartitionPosition>& positions);

  uint64_t size() const { return partitions_.size(); }
  PartitionPosition position(uint64_t id);

  // Entries up to `high` are durable now. Returns the range to notify.
  PartitionPosition publish(uint64_t id, uint64_t high);
  // From now on counts as the time of commit of everything that waits (after a commit phase of its own).
  void restart_latency();

  // True if the entry exists; it is then on loan until end_loan and will not be pruned.
  bool lend(uint64_t id, uint64_t lsn);
  void end_loan(uint64_t id, uint64_t lsn);

  // Returns how many entries this confirms. An error is a broken promise of the plugin: it acknowledges what
  // does not exist, or less than before.
  Result<uint64_t> acknowledge(uint64_t id, uint64_t lsn);

  // Partitions whose position changed since they were last taken.
  std::vector<uint64_t> take_changed();
  void mark_changed(uint64_t id);

  // Decides what may go: raises low above all that is acknowledged and not on loan, so that none of it can be
  // lent any more. Called by one thread at a time; returns the position after it.
  PartitionPosition retire_acknowledged(uint64_t id);

  // Entries on disk that the plugin has not confirmed since this program started.
  uint64_t unconfirmed() const { return unconfirmed_.load(std::memory_order_relaxed); }
  // Entries the plugin confirmed since this program started, and entries ever acknowledged.
  uint64_t confirmed() const { return confirmed_.load(std::memory_order_relaxed); }
  uint64_t acknowledged() const { return acknowledged_.load(std::memory_order_relaxed); }
  uint64_t acknowledge_calls() const { return acknowledge_calls_.load(std::memory_order_relaxed); }
  const LatencyHistogram& latency() const { return latency_; }
  // The first and last LSN not confirmed, of the first `limit` such partitions.
  struct Waiting {
    uint64_t id, first, last;
  };
  std::vector<Waiting> waiting(size_t limit);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kShards = 64;

  struct Stamp {  // entries up to `last` (from the stamp before) were committed at this time
    uint64_t last;
    Clock::time_point at;
  };
  struct Partition {
    PartitionPosition position;
    uint64_t confirmed = 0;  // like acked, but only what this run of the plugin has said
    std::vector<Stamp> stamps;
    uint32_t first_stamp = 0;
    bool changed = false;
  };
  struct Loan {
    uint64_t id, lsn;
  };
  struct alignas(64) Shard {
    Mutex mutex;  // guards every partition with id % kShards of this shard
    std::vector<Loan> loans TM_GUARDED_BY(mutex);
    std::vector<uint64_t> changed TM_GUARDED_BY(mutex);
  };

  Shard& shard(uint64_t id) { return shards_[id % kShards]; }
  static void mark(Shard& shard, Partition& partition, uint64_t id) TM_REQUIRES(shard.mutex);
  void record_latency(Partition& partition, uint64_t before, uint64_t now_confirmed);

  std::vector<Partition> partitions_;
  std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> unconfirmed_{0}, confirmed_{0}, acknowledged_{0}, acknowledge_calls_{0};
  LatencyHistogram latency_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_PARTITION_TABLE_H
