// Work that may hang, as a sink on a dead network does: it is done in a process of its own, which is killed
// when its time is over.
//
// Main thread, before any other was started.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_BOUNDED_H
#define TIDEMARK_HOST_POSTGRES_TOOL_BOUNDED_H

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace tidemark::postgres {

// Says what is done next; one line.
using SayStage = std::function<void(const std::string& stage)>;

struct Bounded {
  bool is_finished = false;  // else it was killed, or ended in another way
  int code = 0;              // what it returned
  std::string stage;         // what it was at
};
// What it prints is its own. RETRYABLE: no process could be started.
Result<Bounded> run_bounded(uint64_t timeout_ms, const std::function<int(const SayStage&)>& work);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_BOUNDED_H
