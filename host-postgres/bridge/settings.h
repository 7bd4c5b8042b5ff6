// What the server is told to do, as one value: the settings of postgresql.conf.
//
// Plain data; any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_SETTINGS_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_SETTINGS_H

#include <cstdint>
#include <string>

#include "bridge/archiver.h"

namespace tidemark::postgres {

struct SinkWish {
  std::string url, options_file;
  int64_t options_stamp = 0;  // of the file: what it says may change while its name stays
  friend bool operator==(const SinkWish&, const SinkWish&) = default;
};

// What an archiver is created with: of another one a new one has to be made.
struct RunWish {
  std::string plugin, compress, lineage_file, log_level;
  std::string metrics_file;  // absolute; empty: none
  uint32_t workers = 4, inflight = 4, batch_entries = 1;
  uint64_t memory_bytes = uint64_t{64} << 20;
  friend bool operator==(const RunWish&, const RunWish&) = default;
};
// `cluster`, the data directory, tells its metrics from those of others on this machine.
Options archiver_options(const RunWish& run, const std::string& cluster);
// Whether the file can be made there, if there is to be one; the archiver tries again and again.
Status check_metrics_file(const std::string& path);

struct Settings {
  SinkWish sink;
  RunWish run;
  uint32_t ahead = 64;
  uint32_t timeout_ms = 5000;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_SETTINGS_H
