// The verbs that look after an archive: what there is, what may go, and whether all is well.
//
// Main thread. Each gives an exit code: 0 all is well, 1 it is not, else one of get.h's.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_VERBS_H
#define TIDEMARK_HOST_POSTGRES_TOOL_VERBS_H

#include <cstdint>
#include <string>

#include "tool/archive.h"

namespace tidemark::postgres {

inline constexpr int kExitNotWell = 1;

struct Target {
  Access access;
  Cluster cluster;
};
struct PruneWish {
  Target target;
  uint32_t keep_backups = 0;  // 0: oldest_backup says it
  std::string oldest_backup;  // the name of its file
  bool yes = false;
};
struct CheckWish {
  Target target;
  std::string data_directory;
  uint64_t timeout_ms = 30'000;  // of all of it
};

int run_timelines(const Target& target);
int run_backups(const Target& target);
int run_prune(const PruneWish& wish);
int run_check(const CheckWish& wish);  // 203: something was not reached in time

int report(const Error& error);  // says it, and gives its code

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_VERBS_H
