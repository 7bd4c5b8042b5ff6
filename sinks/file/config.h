// What a url and its options say, checked, with defaults filled in.
//
// Plain values. Any thread.
#ifndef TIDEMARK_SINKS_FILE_CONFIG_H
#define TIDEMARK_SINKS_FILE_CONFIG_H

#include <cstdint>
#include <string>

#include "common/table.h"

namespace tidemark::sinks::file {

inline constexpr tidemark_sink_option kOptions[] = {
    {"staging", "auto",
     "where a file waits until it is whole: unnamed (O_TMPFILE), named (.tidemark/), auto: what works"},
    {"sync", "auto",
     "fsyncs: each (a put makes its own), shared (in rounds), auto: shared on ext4 with a journal"},
};

struct Config {
  std::string path;              // of the root: absolute, without "." and ".."
  std::string staging = "auto";  // "auto", "unnamed", "named"
  std::string sync = "auto";     // "auto", "shared", "each"
};

// INVALID names the culprit.
Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count);

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_CONFIG_H
