#include "runtime/intake.h"

#include <algorithm>
#include <functional>

#include "core/archive_name.h"

namespace tidemark::runtime {
namespace {

uint64_t mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  return x ^ (x >> 32);
}

}  // namespace

Status Intake::notify(std::string_view storage, uint64_t id, core::Lsn low, core::Lsn high,
                      bool* became_pending) {
  *became_pending = false;
  if (low == core::kNoLsn) return fail(TIDEMARK_E_INVALID, "low is 0: the first LSN is 1");
  if (high > kMaxLsn) {
    return fail(TIDEMARK_E_INVALID,
                "high is " + std::to_string(high) + ": the largest LSN is " + std::to_string(kMaxLsn));
  }
  if (low > high + 1) {
    return fail(TIDEMARK_E_INVALID,
                "low " + std::to_string(low) + " is more than one above high " + std::to_string(high));
  }
  const uint64_t full_hash = mix(std::hash<std::string_view>()(storage) + id * 0x9E3779B97F4A7C15U);
  const uint32_t shard_number = full_hash >> 60;
  static_assert(kShards == 16, "four bits of the hash choose the shard");
  const auto hash = static_cast<uint32_t>(full_hash);
  Shard& shard = shards_[shard_number];

  const MutexLock lock(shard.mutex);
  if (shard.gate == Gate::kNotStarted)
    return fail(TIDEMARK_E_INVALID, "notify before start: call start first");
  if (shard.gate == Gate::kStopping) return fail(TIDEMARK_E_CANCELLED, "the archiver is stopping");
  uint32_t index = find(shard, storage, id, hash);
  if (index == kNone) {
    const Result<uint32_t> inserted = insert(shard, storage, id, hash);
    if (!inserted) return tl::unexpected(inserted.error());
    index = *inserted;
  }
  Record& record = shard.records[index];
  const core::Notice notice{low, high, low, high};
  if (record.notice.low != core::kNoLsn) {
    record.notice.merge(notice);
    return {};
  }
  shard.pending.push_back(index);
  record.notice = notice;
  const uint32_t bit = 1U << shard_number;
  if ((pending_shards_.load(std::memory_order_relaxed) & bit) == 0) {
    *became_pending = pending_shards_.fetch_or(bit) == 0;
  }
  return {};
}

void Intake::set_gate(Gate gate) {
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    shard.gate = gate;
  }
}

std::span<Notification> Intake::drain(std::span<Notification> out) {
  size_t filled = 0;
  for (uint32_t visited = 0; visited < kShards && filled < out.size(); ++visited) {
    const uint32_t s = drain_shard_;
    drain_shard_ = (drain_shard_ + 1) % kShards;
    if ((pending_shards_.load() & (1U << s)) == 0) continue;
    Shard& shard = shards_[s];
    const MutexLock lock(shard.mutex);
    while (shard.taken < shard.pending.size() && filled < out.size()) {
      const uint32_t index = shard.pending[shard.taken++];
      Record& record = shard.records[index];
      out[filled++] = {index * kShards + s, record.notice};
      record.notice.low = core::kNoLsn;
    }
    if (shard.taken == shard.pending.size()) {
      shard.pending.clear();
      shard.taken = 0;
      pending_shards_.fetch_and(~(1U << s));
    } else if (shard.taken > shard.pending.size() / 2) {
      shard.pending.erase(shard.pending.begin(), shard.pending.begin() + static_cast<ptrdiff_t>(shard.taken));
      shard.taken = 0;
    }
  }
  return out.first(filled);
}

PartitionId Intake::id_of(core::PartitionRef ref) {
  Shard& shard = shards_[ref % kShards];
  const MutexLock lock(shard.mutex);
  const Record& record = shard.records[ref / kShards];
  return {record.storage, record.id};
}

void Intake::forget(core::PartitionRef ref) {
  Shard& shard = shards_[ref % kShards];
  const MutexLock lock(shard.mutex);
  const uint32_t index = ref / kShards;
  if (shard.records[index].notice.low == core::kNoLsn) erase(shard, index);
}

void Intake::reset() {
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    std::deque<Record>().swap(shard.records);
    std::vector<uint32_t>().swap(shard.slots);
    std::vector<uint32_t>().swap(shard.pending);
    std::vector<uint32_t>().swap(shard.free_records);
    shard.used = 0;
    shard.taken = 0;
  }
  pending_shards_.store(0);
  const MutexLock lock(names_mutex_);
  names_.clear();
}

uint32_t Intake::find(const Shard& shard, std::string_view storage, uint64_t id, uint32_t hash) const {
  if (shard.slots.empty()) return kNone;
  const size_t mask = shard.slots.size() - 1;
  for (size_t slot = hash & mask; shard.slots[slot] != kNone; slot = (slot + 1) & mask) {
    const Record& record = shard.records[shard.slots[slot]];
    if (record.hash == hash && record.id == id && *record.storage == storage) return shard.slots[slot];
  }
  return kNone;
}

Result<uint32_t> Intake::insert(Shard& shard, std::string_view storage, uint64_t id, uint32_t hash) {
  if (const char* problem = core::storage_name_problem(storage)) {
    return fail(TIDEMARK_E_INVALID, "storage name '" + std::string(storage.substr(0, 200)) + "' " + problem);
  }
  if (shard.used >= kMaxPartitions / kShards) {
    return fail(TIDEMARK_E_NO_SPACE,
                "more than " + std::to_string(kMaxPartitions) +
                    " partitions at once; lower partition_idle_ms to forget idle ones sooner");
  }
  const Result<const std::string*> name = intern(storage);
  if (!name) return tl::unexpected(name.error());
  if ((size_t{shard.used} + 1) * 4 > shard.slots.size() * 3) grow(shard);
  uint32_t index;
  if (shard.free_records.empty()) {
    index = static_cast<uint32_t>(shard.records.size());
    shard.records.emplace_back();
  } else {
    index = shard.free_records.back();
    shard.free_records.pop_back();
  }
  Record& record = shard.records[index];
  record = Record();
  record.storage = *name;
  record.id = id;
  record.hash = hash;
  const size_t mask = shard.slots.size() - 1;
  size_t slot = hash & mask;
  while (shard.slots[slot] != kNone) slot = (slot + 1) & mask;
  shard.slots[slot] = index;
  ++shard.used;
  return index;
}

void Intake::grow(Shard& shard) {
  const size_t size = std::max<size_t>(16, shard.slots.size() * 2);
  std::vector<uint32_t> slots(size, kNone);
  for (const uint32_t index : shard.slots) {
    if (index == kNone) continue;
    size_t slot = shard.records[index].hash & (size - 1);
    while (slots[slot] != kNone) slot = (slot + 1) & (size - 1);
    slots[slot] = index;
  }
  shard.slots.swap(slots);
}

// Open addressing without tombstones: what stands behind the hole and may move up, does.
void Intake::erase(Shard& shard, uint32_t index) {
  const size_t mask = shard.slots.size() - 1;
  size_t hole = shard.records[index].hash & mask;
  while (shard.slots[hole] != index) hole = (hole + 1) & mask;
  for (size_t slot = (hole + 1) & mask; shard.slots[slot] != kNone; slot = (slot + 1) & mask) {
    const size_t home = shard.records[shard.slots[slot]].hash & mask;
    if (((slot - home) & mask) >= ((slot - hole) & mask)) {
      shard.slots[hole] = shard.slots[slot];
      hole = slot;
    }
  }
  shard.slots[hole] = kNone;
  shard.records[index] = Record();
  shard.free_records.push_back(index);
  --shard.used;
}

Result<const std::string*> Intake::intern(std::string_view storage) {
  const MutexLock lock(names_mutex_);
  const auto known = names_.find(std::string(storage));
  if (known != names_.end()) return &*known;
  if (names_.size() >= kMaxStorages) {
    return fail(TIDEMARK_E_NO_SPACE, "more than " + std::to_string(kMaxStorages) + " storage names");
  }
  return &*names_.emplace(storage).first;
}

}  // namespace tidemark::runtime
