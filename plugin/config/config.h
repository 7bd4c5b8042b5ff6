// The archiver's options: names, bounds, defaults; and checking of option lists.
//
// Values; any thread. One table in config.cc drives parsing and messages.
#ifndef TIDEMARK_CONFIG_CONFIG_H
#define TIDEMARK_CONFIG_CONFIG_H

#include <tidemark/base.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/listen_address.h"

namespace tidemark::config {

// How much is looked at of an archive that is there already before it counts.
enum class VerifyExisting : uint8_t { kFooter, kFull };

constexpr int kNotCompressed = 0;

// How metrics leave the process without the host doing anything.
struct Publishing {
  std::string file;                     // empty: none
  uint32_t interval_ms = 15'000;        // 100..3,600,000
  std::optional<ListenAddress> listen;  // nothing: no listener

  bool is_wanted() const { return !file.empty() || listen.has_value(); }
};

struct Config {
  uint32_t workers = 8;                 // 1..256
  uint32_t batch_entries = 1;           // 1..kArchiveEntriesMax; 256 with a lineage file if it is not given
  uint64_t batch_bytes = 16ULL << 20U;  // 1..2^30
  uint32_t partition_inflight = 1;      // 1..64
  uint64_t max_bytes_per_second = 0;    // 0: no limit; up to 2^40
  VerifyExisting verify_existing = VerifyExisting::kFull;
  uint64_t verify_max_bytes_per_second = 64ULL << 20U;  // 0: no limit; up to 2^40
  uint32_t retry_min_ms = 5'000;                        // 1..3,600,000
  uint32_t retry_max_ms = 300'000;                      // retry_min_ms..86,400,000
  uint32_t partition_idle_ms = 600'000;                 // 1..86,400,000
  std::string lineage_file;                             // empty: histories are not told apart
  bool lineage_is_off = false;                          // and the host has said so
  uint32_t epoch_watch_ms = 10'000;                     // 10..3,600,000
  bool stop_if_superseded = true;
  std::string sink_dir;                         // empty: where the plugin itself lies
  int32_t log_level = TIDEMARK_LOG_INFO;        // or kLogOff
  uint64_t memory_budget_bytes = 64ULL << 20U;  // 1 MiB..16 TiB
  bool read_only = false;                       // the sink is opened for reading; start() is refused

  // What is archived is compressed by zstd at this level, 1..3, and encrypted if there are both of the files.
  int compress_level = kNotCompressed;
  std::string encrypt_recipients_file;
  std::string encrypt_tag_key_file;  // of readers: proves who wrote it
  std::string identity_file;         // decrypts what is read; empty: nothing
  bool accept_untagged = false;      // with a tag key: what is read may be without a tag

  uint64_t read_epoch = 0;  // whose history is restored; 0: the newest

  Publishing publishing;
  std::string metrics_engine;       // a label of all metrics, 1..64 characters; empty: none
  bool metrics_listen_any = false;  // other addresses than those of this machine are meant so

  static constexpr int32_t kLogOff = TIDEMARK_LOG_ERROR + 1;
};

// Options as they come over the ABI, checked for form: at most TIDEMARK_OPTIONS_MAX, no NULL, no key twice.
struct Option {
  std::string key;
  std::string value;
  bool secret = false;
};
Result<std::vector<Option>> read_options(const tidemark_option* options, uint32_t count);

// TIDEMARK_E_INVALID names the option, what was given (unless secret) and what is allowed.
Result<Config> parse_config(std::span<const Option> options);

}  // namespace tidemark::config

#endif  // TIDEMARK_CONFIG_CONFIG_H
