// What an archive holds of a cluster, as PostgreSQL sees it: timelines with their ancestors, base backups,
// and which segments are no longer needed.
//
// One thread. The parsers and keep_from are pure.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_CATALOG_H
#define TIDEMARK_HOST_POSTGRES_TOOL_CATALOG_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bridge/history.h"
#include "bridge/wal_names.h"
#include "tool/archive.h"

namespace tidemark::postgres {

// A base backup, by the file that PostgreSQL archives when it ends.
struct Backup {
  uint32_t timeline = 0;
  uint64_t start = 0, stop = 0;  // positions in bytes
  std::string label, stop_time;
  std::string name;  // of the file
};
std::optional<Backup> parse_backup(std::string_view text, const WalFile& file, const Cluster& cluster);

struct Timeline {
  uint32_t number = 0;
  std::vector<Fork> ancestors;  // as its history says
  bool has_history = false;
  uint64_t first = 0, last = 0;  // segments; 0: none is there
  uint64_t archives = 0, bytes = 0;
  std::vector<std::pair<uint64_t, uint64_t>> holes;  // the first few
  uint64_t hole_count = 0;
};

struct Catalog {
  std::map<uint32_t, Timeline> timelines;
  std::vector<Backup> backups;  // by where they start
};
// Reads every name of the cluster's segments, and its small files.
Result<Catalog> read_catalog(Archive& archive, const Cluster& cluster);

// From which segment on each timeline is kept, so that every backup from `oldest` on (an index) can be
// recovered: the timelines of these backups and their ancestors. Others are not named.
std::map<uint32_t, uint64_t> keep_from(const Catalog& catalog, size_t oldest, const Cluster& cluster);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_CATALOG_H
