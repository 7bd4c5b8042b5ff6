// What the scheduler remembers of one storage where histories are told apart: which epoch this run writes,
// and who waits for it. See scheduler.h, rule 10.
//
// A value, changed by the scheduler only.
#ifndef TIDEMARK_CORE_STORAGE_STATE_H
#define TIDEMARK_CORE_STORAGE_STATE_H

#include <cstdint>

#include "core/backoff.h"
#include "core/partition_state.h"
#include "core/types.h"

namespace tidemark::core {

inline constexpr uint32_t kNoStorage = 0xFFFFFFFFU;

// An intrusive list through PartitionState::prev/next_ref; a partition is in at most one.
struct PartitionList {
  PartitionRef head = kNoPartition;
  PartitionRef tail = kNoPartition;
  uint64_t size = 0;
};

struct StorageState {
  enum class Phase : uint8_t {
    kUnknown,     // nobody asked for it at this sink
    kUnclaimed,   // a claim is wanted, on its way, or failed for a reason that passes
    kClaimed,     // this run's epoch is recorded in the sink
    kRefused,     // the archive is somebody else's, or its newest record cannot be read: asked again now and
                  // then
    kSuperseded,  // a newer epoch is not this run's, or its own is gone
  };
  Phase phase = Phase::kUnknown;
  bool queued = false;       // for a worker
  bool running = false;      // a claim or a watch is with a worker
  bool continues = false;    // although a newer epoch is not this run's: that was reported
  bool sink_failed = false;  // as in PartitionState
  bool forgot_put = false;   // a partition was forgotten of which this run put something
  uint32_t sink_mark = 0;
  uint32_t attempts = 0;  // to claim, that failed in a row
  uint64_t epoch = 0;     // claimed
  TimeMs due = kNever;    // of its timer
  uint32_t next_queued = kNoStorage;
  Backoff backoff;
  PartitionRef reported = kNoPartition;  // the partition whose FAILING says that there is no claim
  PartitionList waiting;                 // partitions with work

  // Its next job is a watch, not a claim.
  bool is_watched() const { return phase == Phase::kClaimed || phase == Phase::kSuperseded; }
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_STORAGE_STATE_H
