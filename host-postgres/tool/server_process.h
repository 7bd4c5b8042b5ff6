// A server that runs on this machine, as its processes show it: what its archiver says of itself in its
// title, which the server's user can read without a connection.
//
// Any thread; nothing is kept.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_SERVER_PROCESS_H
#define TIDEMARK_HOST_POSTGRES_TOOL_SERVER_PROCESS_H

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::postgres {

// By postmaster.pid; nothing: no server runs there.
std::optional<pid_t> server_of(const std::string& data_directory);
// Of its children, whose titles begin with "postgres: ".
std::vector<std::string> titles_of(pid_t server);

enum class ArchiverState { kNone, kIdle, kArchiving, kDone, kFailed };
struct ArchiverTitle {
  ArchiverState state = ArchiverState::kNone;
  std::string file;
  friend bool operator==(const ArchiverTitle&, const ArchiverTitle&) = default;
};
// "postgres: archiver failed on 000000010000000000000005", maybe with cluster_name after the first word.
ArchiverTitle parse_archiver_title(std::string_view title);
ArchiverTitle archiver_of(pid_t server);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_SERVER_PROCESS_H
