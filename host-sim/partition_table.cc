#include "partition_table.h"

#include <algorithm>
#include <cassert>

namespace tidemark::host {

PartitionTable::PartitionTable(const std::vector<PartitionPosition>& positions)
    : partitions_(positions.size()) {
  const auto now = Clock::now();
  for (uint64_t id = 0; id < positions.size(); ++id) {
    Partition& partition = partitions_[id];
    partition.position = positions[id];
    partition.confirmed = positions[id].low - 1;
    acknowledged_ += positions[id].acked;
    const uint64_t on_disk = positions[id].next - positions[id].low;
    unconfirmed_ += on_disk;
    if (on_disk > 0) partition.stamps.push_back({positions[id].next - 1, now});
  }
}

void PartitionTable::mark(Shard& shard, Partition& partition, uint64_t id) {
  if (partition.changed) return;
  partition.changed = true;
  shard.changed.push_back(id);
}

PartitionPosition PartitionTable::position(uint64_t id) {
  MutexLock lock(shard(id).mutex);
  return partitions_[id].position;
}

PartitionPosition PartitionTable::publish(uint64_t id, uint64_t high) {
  const auto now = Clock::now();
  Shard& home = shard(id);
  MutexLock lock(home.mutex);
  Partition& partition = partitions_[id];
  assert(high >= partition.position.next);
  unconfirmed_ += high + 1 - partition.position.next;
  partition.position.next = high + 1;
  partition.stamps.push_back({high, now});
  mark(home, partition, id);
  return partition.position;
}

void PartitionTable::restart_latency() {
  const auto now = Clock::now();
  for (uint64_t id = 0; id < partitions_.size(); ++id) {
    MutexLock lock(shard(id).mutex);
    Partition& partition = partitions_[id];
    if (partition.first_stamp == partition.stamps.size()) continue;
    partition.stamps = {{partition.position.next - 1, now}};
    partition.first_stamp = 0;
  }
}

bool PartitionTable::lend(uint64_t id, uint64_t lsn) {
  if (id >= partitions_.size()) return false;
  Shard& home = shard(id);
  MutexLock lock(home.mutex);
  const PartitionPosition& position = partitions_[id].position;
  if (lsn < position.low || lsn >= position.next) return false;
  home.loans.push_back({id, lsn});
  return true;
}

void PartitionTable::end_loan(uint64_t id, uint64_t lsn) {
  Shard& home = shard(id);
  MutexLock lock(home.mutex);
  // A handful at most: one for each of the plugin's workers.
  const auto loan = std::find_if(home.loans.begin(), home.loans.end(),
                                 [&](const Loan& one) { return one.id == id && one.lsn == lsn; });
  assert(loan != home.loans.end());
  *loan = home.loans.back();
  home.loans.pop_back();
}

void PartitionTable::record_latency(Partition& partition, uint64_t before, uint64_t now_confirmed) {
  const auto now = Clock::now();
  while (before < now_confirmed) {
    assert(partition.first_stamp < partition.stamps.size());
    const Stamp& stamp = partition.stamps[partition.first_stamp];
    const uint64_t upto = std::min(stamp.last, now_confirmed);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - stamp.at);
    if (upto > before) latency_.add(static_cast<uint64_t>(std::max<int64_t>(took.count(), 0)), upto - before);
    before = std::max(before, upto);
    if (stamp.last <= now_confirmed) ++partition.first_stamp;
  }
  if (partition.first_stamp == partition.stamps.size()) {
    partition.stamps.clear();
    partition.first_stamp = 0;
  } else if (partition.first_stamp >= 64 && partition.first_stamp * 2 >= partition.stamps.size()) {
    partition.stamps.erase(partition.stamps.begin(), partition.stamps.begin() + partition.first_stamp);
    partition.first_stamp = 0;
  }
}

Result<uint64_t> PartitionTable::acknowledge(uint64_t id, uint64_t lsn) {
  if (id >= partitions_.size()) return fail("partition " + std::to_string(id) + " does not exist");
  Shard& home = shard(id);
  MutexLock lock(home.mutex);
  Partition& partition = partitions_[id];
  ++acknowledge_calls_;
  if (lsn >= partition.position.next) {
    return fail("LSN " + std::to_string(lsn) + " of partition " + std::to_string(id) +
                " is acknowledged but was never committed");
  }
  if (lsn < partition.confirmed) {
    return fail("LSN " + std::to_string(lsn) + " of partition " + std::to_string(id) +
                " is acknowledged after " + std::to_string(partition.confirmed));
  }
  const uint64_t news = lsn - partition.confirmed;
  if (news == 0) return news;
  record_latency(partition, partition.confirmed, lsn);
  partition.confirmed = lsn;
  if (lsn > partition.position.acked) {
    acknowledged_ += lsn - partition.position.acked;
    partition.position.acked = lsn;
  }
  unconfirmed_ -= news;
  confirmed_ += news;
  mark(home, partition, id);
  return news;
}

std::vector<uint64_t> PartitionTable::take_changed() {
  std::vector<uint64_t> all;
  for (Shard& one : shards_) {
    MutexLock lock(one.mutex);
    for (uint64_t id : one.changed) partitions_[id].changed = false;
    all.insert(all.end(), one.changed.begin(), one.changed.end());
    one.changed.clear();
  }
  return all;
}

void PartitionTable::mark_changed(uint64_t id) {
  Shard& home = shard(id);
  MutexLock lock(home.mutex);
  mark(home, partitions_[id], id);
}

PartitionPosition PartitionTable::retire_acknowledged(uint64_t id) {
  Shard& home = shard(id);
  MutexLock lock(home.mutex);
  Partition& partition = partitions_[id];
  PartitionPosition& position = partition.position;
  uint64_t low = std::max(position.low, position.acked + 1);
  for (const Loan& loan : home.loans) {
    if (loan.id == id) low = std::min(low, std::max(position.low, loan.lsn));
  }
  position.low = low;
  assert(low <= partition.confirmed + 1);  // what an earlier run left over is gone before the table is made
  return position;
}

std::vector<PartitionTable::Waiting> PartitionTable::waiting(size_t limit) {
  std::vector<Waiting> all;
  for (uint64_t id = 0; id < partitions_.size() && all.size() < limit; ++id) {
    MutexLock lock(shard(id).mutex);
    const Partition& partition = partitions_[id];
    if (partition.confirmed + 1 < partition.position.next) {
      all.push_back({id, partition.confirmed + 1, partition.position.next - 1});
    }
  }
  return all;
}

}  // namespace tidemark::host
