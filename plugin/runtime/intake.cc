#include "runtime/intake.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <new>

#include "base/guard.h"
#include "format/object_name.h"

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

Status Intake::notify(std::string_view storage, uint64_t id, Lsn low, Lsn high, bool* became_pending) {
  *became_pending = false;
  if (low == kNoLsn) return fail(TIDEMARK_E_INVALID, "low is 0: the first LSN is 1");
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
  core::PartitionRef ref = find(shard, storage, id, hash);
  if (ref == kNone) {
    TM_ASSIGN(core::PartitionRef inserted, insert(shard_number, shard, storage, id, hash));
    ref = inserted;
  }
  Record& record = record_of(ref);
  const core::Notice notice{low, high, low, high};
  if (record.notice.low != kNoLsn) {
    record.notice.merge(notice);
    return {};
  }
  record.notice = notice;
  make_pending(shard_number, shard, ref, became_pending);
  return {};
}

void Intake::make_pending(uint32_t shard_number, Shard& shard, core::PartitionRef ref, bool* became_pending) {
  record_of(ref).next_pending = kNone;
  (shard.last_pending == kNone ? shard.first_pending : record_of(shard.last_pending).next_pending) = ref;
  shard.last_pending = ref;
  const uint32_t bit = 1U << shard_number;
  if ((pending_shards_.load(std::memory_order_relaxed) & bit) == 0) {
    *became_pending = pending_shards_.fetch_or(bit) == 0;
  }
}

void Intake::put_back(const Notification& notification) {
  const uint32_t shard_number = chunk_of(notification.partition).shard;
  Shard& shard = shards_[shard_number];
  const MutexLock lock(shard.mutex);
  Record& record = record_of(notification.partition);
  if (record.notice.low != kNoLsn) {
    record.notice.merge(notification.notice);
    return;
  }
  record.notice = notification.notice;
  bool became_pending = false;
  make_pending(shard_number, shard, notification.partition, &became_pending);
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
    while (shard.first_pending != kNone && filled < out.size()) {
      const core::PartitionRef ref = shard.first_pending;
      Record& record = record_of(ref);
      shard.first_pending = record.next_pending;
      out[filled++] = {ref, record.storage->ref, record.notice};
      record.notice.low = kNoLsn;
    }
    if (shard.first_pending == kNone) {
      shard.last_pending = kNone;
      pending_shards_.fetch_and(~(1U << s));
    }
  }
  return out.first(filled);
}

PartitionId Intake::id_of(core::PartitionRef ref) {
  Shard& shard = shards_[chunk_of(ref).shard];
  const MutexLock lock(shard.mutex);
  const Record& record = record_of(ref);
  return {&record.storage->text, record.id};
}

const std::string& Intake::name_of(core::StorageRef storage) {
  const MutexLock lock(names_mutex_);
  return names_[storage].text;
}

void Intake::forget(core::PartitionRef ref) {
  Shard& shard = shards_[chunk_of(ref).shard];
  const MutexLock lock(shard.mutex);
  if (record_of(ref).notice.low == kNoLsn) erase(shard, ref);
}

void Intake::reset() {
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (const uint32_t number : shard.chunks) static_cast<Chunk*>(chunks_.at(number))->~Chunk();
    std::vector<uint32_t>().swap(shard.chunks);
    std::vector<uint32_t>().swap(shard.slots);
    shard.open_from = 0;
    shard.used = 0;
    shard.first_pending = shard.last_pending = kNone;
  }
  pending_shards_.store(0);
  chunks_.reset();
  {
    const MutexLock lock(states_mutex_);
    states_.clear();
  }
  const MutexLock lock(names_mutex_);
  by_name_.clear();
  names_.clear();
}

core::PartitionRef Intake::find(const Shard& shard, std::string_view storage, uint64_t id,
                                uint32_t hash) const {
  if (shard.slots.empty()) return kNone;
  const size_t mask = shard.slots.size() - 1;
  for (size_t slot = hash & mask; shard.slots[slot] != kNone; slot = (slot + 1) & mask) {
    const Record& record = record_of(shard.slots[slot]);
    if (record.hash == hash && record.id == id && record.storage->text == storage) return shard.slots[slot];
  }
  return kNone;
}

Result<core::PartitionRef> Intake::insert(uint32_t shard_number, Shard& shard, std::string_view storage,
                                          uint64_t id, uint32_t hash) {
  if (const char* problem = storage_name_problem(storage)) {
    return fail(TIDEMARK_E_INVALID,
                "'" + std::string(storage.substr(0, 200)) + "' is not a storage name: " + problem);
  }
  if (shard.used >= kMaxPartitions / kShards) {
    return fail(TIDEMARK_E_NO_SPACE,
                "more than " + std::to_string(kMaxPartitions) +
                    " partitions at once; lower partition_idle_ms to forget idle ones sooner");
  }
  TM_ASSIGN(const StorageName* const name, intern(storage));
  const bool is_full = (size_t{shard.used} + 1) * 4 > shard.slots.size() * 3;
  if (is_full && !resize_slots(shard, std::max<size_t>(16, shard.slots.size() * 2))) {
    return out_of_memory();
  }
  const Result<core::PartitionRef> ref = free_record(shard_number, shard);
  if (!ref) return ref;

  chunk_of(*ref).free &= ~(uint64_t{1} << (*ref % kChunkRecords));
  Record& record = record_of(*ref);
  record = Record();
  record.storage = name;
  record.id = id;
  record.hash = hash;
  const size_t mask = shard.slots.size() - 1;
  size_t slot = hash & mask;
  while (shard.slots[slot] != kNone) slot = (slot + 1) & mask;
  shard.slots[slot] = *ref;
  ++shard.used;
  return ref;
}

Result<core::PartitionRef> Intake::free_record(uint32_t shard_number, Shard& shard) {
  for (; shard.open_from < shard.chunks.size(); ++shard.open_from) {
    const uint32_t number = shard.chunks[shard.open_from];
    const uint64_t free = static_cast<Chunk*>(chunks_.at(number))->free;
    if (free != 0) return number * kChunkRecords + static_cast<uint32_t>(std::countr_zero(free));
  }
  try {
    if (shard.chunks.size() == shard.chunks.capacity()) {
      shard.chunks.reserve(std::max<size_t>(16, 2 * shard.chunks.size()));
    }
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
  const std::optional<uint32_t> number = chunks_.take();
  if (!number) return out_of_memory();
  auto* const chunk = new (chunks_.at(*number)) Chunk();
  if (!attach(*number, *chunk)) {
    chunk->~Chunk();
    chunks_.give_back(*number);
    return out_of_memory();
  }
  chunk->shard = shard_number;
  chunk->place = static_cast<uint32_t>(shard.chunks.size());
  shard.chunks.push_back(*number);
  return *number * kChunkRecords;
}

bool Intake::attach(uint32_t chunk_number, Chunk& chunk) {
  const MutexLock lock(states_mutex_);
  try {
    states_.attach(chunk_number, chunk.states.data());
  } catch (const std::bad_alloc&) {
    return false;
  }
  return true;
}

// False: no memory, and the slots are as they were.
bool Intake::resize_slots(Shard& shard, size_t size) {
  std::vector<uint32_t> slots;
  try {
    slots.assign(size, kNone);
  } catch (const std::bad_alloc&) {
    return false;
  }
  for (const core::PartitionRef ref : shard.slots) {
    if (ref == kNone) continue;
    size_t slot = record_of(ref).hash & (size - 1);
    while (slots[slot] != kNone) slot = (slot + 1) & (size - 1);
    slots[slot] = ref;
  }
  shard.slots.swap(slots);
  return true;
}

// Open addressing without tombstones: what stands after the hole and may move up, does.
void Intake::erase(Shard& shard, core::PartitionRef ref) {
  const size_t mask = shard.slots.size() - 1;
  size_t hole = record_of(ref).hash & mask;
  while (shard.slots[hole] != ref) hole = (hole + 1) & mask;
  for (size_t slot = (hole + 1) & mask; shard.slots[slot] != kNone; slot = (slot + 1) & mask) {
    const size_t home = record_of(shard.slots[slot]).hash & mask;
    if (((slot - home) & mask) >= ((slot - hole) & mask)) {
      shard.slots[hole] = shard.slots[slot];
      hole = slot;
    }
  }
  shard.slots[hole] = kNone;
  --shard.used;
  release(shard, ref);
  // If there is no memory for a smaller table, the large one stays.
  if (shard.slots.size() > kFewSlots && size_t{shard.used} * 8 < shard.slots.size()) {
    (void)resize_slots(shard, shard.slots.size() / 2);
  }
}

void Intake::release(Shard& shard, core::PartitionRef ref) {
  Chunk& chunk = chunk_of(ref);
  record_of(ref) = Record();
  chunk.free |= uint64_t{1} << (ref % kChunkRecords);
  shard.open_from = std::min<size_t>(shard.open_from, chunk.place);
  if (chunk.free != kAllFree || shard.chunks.size() == 1) return;
  const uint32_t last = shard.chunks.back();
  shard.chunks[chunk.place] = last;
  static_cast<Chunk*>(chunks_.at(last))->place = chunk.place;
  shard.chunks.pop_back();
  {
    const MutexLock states(states_mutex_);
    states_.detach(ref / kChunkRecords);
  }
  chunk.~Chunk();
  chunks_.give_back(ref / kChunkRecords);
}

Result<const Intake::StorageName*> Intake::intern(std::string_view storage) {
  const MutexLock lock(names_mutex_);
  const auto known = by_name_.find(storage);
  if (known != by_name_.end()) return known->second;
  if (names_.size() >= kMaxStorages) {
    return fail(TIDEMARK_E_NO_SPACE, "more than " + std::to_string(kMaxStorages) +
                                         " storage names in one run; put partitions under fewer names");
  }
  names_.push_back({std::string(storage), static_cast<core::StorageRef>(names_.size())});
  const StorageName& name = names_.back();
  try {
    by_name_.emplace(name.text, &name);
  } catch (...) {
    names_.pop_back();
    throw;
  }
  return &name;
}

}  // namespace tidemark::runtime
