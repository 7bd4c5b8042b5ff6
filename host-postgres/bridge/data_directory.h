// A data directory of PostgreSQL, as a tool sees it that is not part of the server: which cluster it is, how
// it recovers, and what the server was told of the archive.
//
// Any thread; nothing is cached. Errors name the file and what to give instead.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_DATA_DIRECTORY_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_DATA_DIRECTORY_H

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

bool is_data_directory(const std::string& path);
bool is_standby(const std::string& data_directory);
bool is_in_recovery(const std::string& data_directory);  // by recovery.signal
// By global/pg_control. UNSUPPORTED: written by a release whose layout is not known here.
Result<Cluster> read_cluster(const std::string& data_directory);

// The server's settings that begin with "tidemark.", and archive_mode, archive_library and restore_command,
// as its files say: postgresql.conf, wherever it was when the server was started last, all that it includes,
// and postgresql.auto.conf.
using ServerSettings = std::map<std::string, std::string, std::less<>>;
Result<ServerSettings> read_server_settings(const std::string& data_directory);
// One such file, without what it includes.
struct ConfLine {
  std::string name, value;
};
std::vector<ConfLine> parse_conf(std::string_view text);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_DATA_DIRECTORY_H
