// What earlier runs of verify have read and found right, kept in a file: JSON, replaced atomically.
//
// {"tidemark_checkpoint":1,"url":"…","partitions":{"main/7":{"through":15,"newest_key":"…","newest_modified_us":…}}}
//
// Everything of a partition up to newest_key in the order of keys was right, and none of it was newer than
// newest_modified_us by the sink's clock. Main thread.
#ifndef TIDEMARK_CLI_CHECKPOINT_H
#define TIDEMARK_CLI_CHECKPOINT_H

#include <cstdint>
#include <map>
#include <string>

#include "error.h"

namespace tidemark::cli {

struct Position {
  uint64_t through = 0;  // last LSN of the object newest_key
  std::string newest_key;
  int64_t newest_modified_us = 0;

  bool knows(const std::string& key, int64_t modified_us) const {
    return key <= newest_key && modified_us <= newest_modified_us;
  }
  bool operator==(const Position&) const = default;
};

using Positions = std::map<std::string, Position>;  // by "main/7"

// A checkpoint of another sink, or a file that is not a checkpoint, is an error. No file: empty.
Result<Positions> load_checkpoint(const std::string& path, const std::string& url);
Result<void> save_checkpoint(const std::string& path, const std::string& url, const Positions& positions);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_CHECKPOINT_H
