// Which history the entries of a data directory belong to. A host that is cloned, or restored to an older
// state, writes other entries under the same LSNs than the one it came from: so do made-up ones, by a number
// that is drawn then. 0, before: equal directories make equal entries. Any thread.
#ifndef TIDEMARK_HOST_SIM_HISTORY_H
#define TIDEMARK_HOST_SIM_HISTORY_H

#include <cstdint>
#include <string>

#include "fs.h"

namespace tidemark::host {

inline constexpr char kHistoryName[] = "history";

std::string history_text(uint64_t history);  // 16 hex digits
Result<uint64_t> read_history(const std::string& directory);
// Draws the number of a new one.
Result<void> begin_history(const std::string& directory, Durability durability);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_HISTORY_H
