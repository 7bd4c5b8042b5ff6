// One archive that a look found: its name, and what of it counts in the history of the host. Pure values.
#ifndef TIDEMARK_CORE_FOUND_H
#define TIDEMARK_CORE_FOUND_H

#include <cstdint>

#include "core/types.h"
#include "format/object_name.h"

namespace tidemark::core {

struct Found {
  Found(Lsn first, Lsn last) : name{first, last}, part(name) {}
  Found(Range range) : Found(range.first, range.last) {}  // all of it counts
  Found(Range of_name, Range counts, uint64_t of_epoch, Coding of_coding, Lsn epoch_begun = kNoLsn)
      : name(of_name), part(counts), epoch(of_epoch), coding(of_coding), begun(epoch_begun) {}

  Range name;
  Range part;  // of it; the rest was cut off by a newer epoch
  uint64_t epoch = kFirstEpoch;
  Coding coding = Coding::kNone;
  Lsn begun = kNoLsn;  // of its name, see format/object_name.h
  friend bool operator==(const Found&, const Found&) = default;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_FOUND_H
