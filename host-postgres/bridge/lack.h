// What a sink lacks that was archived in another one meanwhile: after a switch back to an earlier sink the
// archiver continues where it is, and what lies between is acknowledged, so nobody would ask for it again.
//
// Pure but for the listing that it is given; one thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_LACK_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_LACK_H

#include <cstdint>
#include <functional>

#include "base/result.h"

namespace tidemark::postgres {

// Archives that hold an entry at or after `from`, ascending; the visitor returns false to stop.
using VisitRange = std::function<bool(uint64_t first, uint64_t last)>;
using ListFrom = std::function<Status(uint64_t from, const VisitRange& visit)>;

struct Lack {
  uint64_t first = 0, last = 0;  // inclusive; 0: it lacks nothing
  bool is_settled = false;       // it will not grow: something lies after it, or the sink begins later
};
// Of the entries up to `through`, which were archived when the sink was opened, those after the newest that
// it has; and those after `through` that another sink was still given. Where it has none of these its archive
// begins later, as in any new sink.
Result<Lack> find_lack(const ListFrom& list, uint64_t through);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_LACK_H
