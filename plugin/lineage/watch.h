// Looks whether an epoch that was claimed is still this run's alone, and can be read. Safety does not depend
// on the first: what another host writes has another number.
//
// Free functions; threads and `call` as for claim.h.
#ifndef TIDEMARK_LINEAGE_WATCH_H
#define TIDEMARK_LINEAGE_WATCH_H

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "format/chain.h"
#include "format/epoch_record.h"
#include "sink/sink.h"

namespace tidemark::lineage {

struct Watch {
  const Id& owner;
  const Id& claim;     // of the newest of the chain
  const Chain& chain;  // what this run writes, and what that continues
  uint64_t also;       // an older epoch of it, whose record is proven this time; 0: none
};

struct Watched {
  bool is_superseded = false;  // an epoch after it was claimed, or it was claimed again by another
  bool is_gone = false;        // a record is gone or damaged without which nobody reads what is archived
  Error error;                 // which, and what to do
};

// A listing from the own epoch on, and one or two records read; of one that cannot be found another listing.
Result<Watched> watch_epochs(sink::Sink& sink, std::string_view storage, const Watch& what,
                             const tidemark_call* call);

}  // namespace tidemark::lineage

#endif  // TIDEMARK_LINEAGE_WATCH_H
