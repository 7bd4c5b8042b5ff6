// A table of partitions whose memory is there when it is asked for.
#ifndef TIDEMARK_SIM_PARTITION_STORE_H
#define TIDEMARK_SIM_PARTITION_STORE_H

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/partition_table.h"

namespace tidemark::core {

class PartitionStore : public PartitionTable {
 public:
  void ensure(PartitionRef ref) {
    const uint32_t number = ref / kChunkPartitions;
    if (number < chunks_.size()) return;
    for (uint32_t next = static_cast<uint32_t>(chunks_.size()); next <= number; ++next) {
      attach(next, chunks_.emplace_back(std::make_unique<Chunk>())->data());
    }
  }

 private:
  using Chunk = std::array<PartitionState, kChunkPartitions>;
  std::vector<std::unique_ptr<Chunk>> chunks_;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_SIM_PARTITION_STORE_H
