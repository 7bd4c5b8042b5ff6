// tidemark-postgres get: one file of an archive, for restore_command.
//
// One thread. The exit code is what PostgreSQL acts on: from 1 to 125 means the end of the log, and the
// server is promoted; above 125 recovery ends with an error. So 1 is given only if that is known.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_GET_H
#define TIDEMARK_HOST_POSTGRES_TOOL_GET_H

#include <cstdint>
#include <string>

#include "tool/archive.h"

namespace tidemark::postgres {

enum ExitCode : int {
  kExitThere = 0,
  kExitEnd = 1,
  kExitHole = 201,
  kExitDamaged = 202,
  kExitUnreachable = 203,
  kExitUsage = 204,
};

struct GetWish {
  Access access;
  Cluster cluster;
  std::string file, path;  // %f, %p
  bool is_standby = false;
  bool is_ending =
      false;  // neither a standby nor in recovery: the server ends one, and must not be stopped then
  bool hole_is_end = false;
  uint64_t retry_for_ms = 60'000;
  uint64_t prefetch_bytes = 0;  // of segments that are brought ahead; 0: none
};
int run_get(const GetWish& wish);

// One try, for tests; run_get repeats it.
struct Outcome {
  int code = kExitUnreachable;
  std::string message;
  bool may_change = false;  // so another try may help
};
Outcome get_once(const GetWish& wish);
// The same with an archive that is open; any thread.
Outcome get_from(Archive& archive, const GetWish& wish);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_GET_H
