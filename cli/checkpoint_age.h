// How long ago verify has read what a checkpoint knows. Pure; one thread.
#ifndef TIDEMARK_CLI_CHECKPOINT_AGE_H
#define TIDEMARK_CLI_CHECKPOINT_AGE_H

#include <cstdint>

#include "archive.h"
#include "checkpoint.h"
#include "ledger.h"

namespace tidemark::cli {

struct CheckpointAge {
  Ledger::Ages ages;       // of archives that were right when they were read last
  int64_t newest_us = 0;   // when the last of them was read; 0: none was
  uint64_t not_right = 0;  // archives and records that were right once, and not when they were read last
};

CheckpointAge age_of(const Checkpoint& checkpoint, const Scope& scope, int64_t now_us);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_CHECKPOINT_AGE_H
