// The directories that a recovery brings segments ahead into, see tool/prefetch.h: beside the real pg_wal.
//
// Any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_SPOOLS_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_SPOOLS_H

#include <string>
#include <string_view>

namespace tidemark::postgres {

inline constexpr std::string_view kSpoolPrefix = "tidemark.spool-";

// Where pg_wal really lies, because a rename does not reach further than its file system. Empty: nowhere.
std::string spool_parent(const std::string& wal_directory);
// Of whatever recovery; how many. What cannot be removed stays.
size_t remove_spools(const std::string& parent);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_SPOOLS_H
