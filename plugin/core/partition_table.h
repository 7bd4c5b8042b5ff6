// Where the states of partitions lie: in chunks that are attached and detached by the one who numbers the
// partitions (Intake). So memory for a partition is there before the scheduler hears of it, and if there is
// none the notification can be refused in time.
//
// Pure. attach and detach: one thread at a time, and not for a chunk that somebody looks into. A thread that
// got the number of a partition after its chunk was attached may look at it meanwhile.
#ifndef TIDEMARK_CORE_PARTITION_TABLE_H
#define TIDEMARK_CORE_PARTITION_TABLE_H

#include <array>
#include <cstdint>
#include <memory>

#include "core/partition_state.h"
#include "core/reserve.h"

namespace tidemark::core {

class PartitionTable {
 public:
  static constexpr uint32_t kChunkPartitions = 54;  // what fills whole pages, see Intake

  // The state of a partition whose chunk is attached.
  PartitionState& operator[](PartitionRef ref) const {
    const uint32_t chunk = ref / kChunkPartitions;
    return (*leaves_[chunk / kLeafChunks])[chunk % kLeafChunks][ref % kChunkPartitions];
  }

  // The states of partitions chunk * kChunkPartitions and on. Throws std::bad_alloc, with nothing changed.
  void attach(uint32_t chunk, PartitionState* states) {
    std::unique_ptr<Leaf>& leaf = leaves_[chunk / kLeafChunks];
    if (leaf == nullptr) leaf = std::make_unique<Leaf>();
    (*leaf)[chunk % kLeafChunks] = states;
  }
  void detach(uint32_t chunk) { (*leaves_[chunk / kLeafChunks])[chunk % kLeafChunks] = nullptr; }
  void clear() { leaves_ = {}; }

  // The memory that steps of the scheduler use; states may hold some of it, so it outlives the scheduler.
  Reserve& reserve() { return reserve_; }

 private:
  static constexpr uint32_t kLeafChunks = 1024;
  using Leaf = std::array<PartitionState*, kLeafChunks>;

  Reserve reserve_;
  std::array<std::unique_ptr<Leaf>, 2048> leaves_;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_PARTITION_TABLE_H
