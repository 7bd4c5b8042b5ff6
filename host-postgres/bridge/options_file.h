// The file that a sink's options stand in, because some are secrets: "name = value" in each line, '#' begins
// a comment line. Only its owner may read it.
//
// Any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_OPTIONS_FILE_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_OPTIONS_FILE_H

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace tidemark::postgres {

struct SinkOption {
  std::string name;
  Secret value;
};

// INVALID names the file and the line, never a value.
Result<std::vector<SinkOption>> parse_options(std::string_view text, const std::string& path);
Result<std::vector<SinkOption>> read_options_file(const std::string& path);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_OPTIONS_FILE_H
