// Makes of a data directory what a clone, a snapshot or a restore would: the host is then as another one was,
// or as it was itself. From there on it writes its own history (see history.h).
#ifndef TIDEMARK_HOST_SIM_EARLIER_STATE_H
#define TIDEMARK_HOST_SIM_EARLIER_STATE_H

#include <cstdint>
#include <optional>
#include <string>

#include "fs.h"

namespace tidemark::host {

struct EarlierState {
  std::string clone_of;                // empty: the directory's own log
  std::optional<uint64_t> restore_to;  // what lies after that LSN in each partition is forgotten

  bool is_wanted() const { return !clone_of.empty() || restore_to; }
};

// With clone_of the directory is new, or was left by the same command when it was killed: it begins again
// then. Until all is done no LogStore opens it. The lineage file stays as it is. One process at a time, which
// the directory's lock sees to.
Result<void> take_state(const std::string& directory, const EarlierState& state, Durability durability);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_EARLIER_STATE_H
