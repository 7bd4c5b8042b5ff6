// Histories of timelines: what such a file says, and which of them a server descends from.
//
// Any thread. The parsers are pure; the rest reads pg_wal, and keeps nothing.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_HISTORY_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_HISTORY_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

// Where a timeline left its parent; of a history file the last line.
struct Fork {
  uint32_t parent = 0;
  uint64_t position = 0;  // in bytes
  std::string reason;
};
// All ancestors, the oldest first. Nothing: it is no history file.
std::optional<std::vector<Fork>> parse_history(std::string_view text);
std::optional<uint64_t> parse_position(std::string_view text);  // "0/2000028"
std::string position_text(uint64_t position);
std::string_view take_line(std::string_view* text);  // the first one, without its end; the rest stays

// The timeline that a server writes, or follows: the highest of the segments in its pg_wal. 0: there are
// none.
Result<uint32_t> own_timeline(const std::string& wal_directory, const Cluster& cluster);
// The timelines of a server that have a history, so not the first: its own and its ancestors', ascending. Of
// more than kHistoriesMax the newest. What pg_wal does not say is left out.
inline constexpr size_t kHistoriesMax = 64;
Result<std::vector<uint32_t>> own_histories(const std::string& wal_directory, uint32_t timeline);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_HISTORY_H
