// Settings that the server does not take from its files. It says so where this module is loaded by the
// postmaster only; else a reload passes over them in silence, and what was set before stays.
//
// Pure; any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_BAD_SETTINGS_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_BAD_SETTINGS_H

#include <string>
#include <vector>

#include "bridge/data_directory.h"

namespace tidemark::postgres {

struct BadSetting {
  std::string name, value, reason;
};
// By name. Only what can be told from the value alone, by the server's own rules.
std::vector<BadSetting> bad_settings(const ServerSettings& settings);
std::string text_of(const BadSetting& bad);  // tidemark.workers = "999": must be from 1 to 256

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_BAD_SETTINGS_H
