// What a server's own files and processes say of its archiving: settings, what waits, what the archiver does.
//
// One thread.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_CHECK_SERVER_H
#define TIDEMARK_HOST_POSTGRES_TOOL_CHECK_SERVER_H

#include <string>
#include <vector>

#include "bridge/data_directory.h"
#include "tool/findings.h"

namespace tidemark::postgres {

std::string value_of(const ServerSettings& settings, const char* name);  // empty: not set
bool archives(const ServerSettings& settings);                           // by archive_mode

void check_settings(const ServerSettings& settings, const std::string& data, Findings& findings);
void check_waiting(const std::string& data, Findings& findings);
// Looks for a while if a file is just being archived: whether it fails is known in a moment.
void check_archiver(const ServerSettings& settings, const std::string& data, Findings& findings);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_CHECK_SERVER_H
