// The files of a pg_wal, or of its archive_status, by their names.
//
// Any thread; nothing is kept.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_WAL_DIRECTORY_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_WAL_DIRECTORY_H

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

// Each name that is one of a file to be archived and `suffix` (".ready", say), in no order; others are passed
// over.
Status each_wal_file(const std::string& directory, std::string_view suffix, const Cluster& cluster,
                     const std::function<void(const WalFile&)>& visit);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_WAL_DIRECTORY_H
