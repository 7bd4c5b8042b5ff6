#include "bridge/options_file.h"

#include <tidemark/base.h>

#include "base/line.h"
#include "base/secret_file.h"

namespace tidemark::postgres {

Result<std::vector<SinkOption>> parse_options(std::string_view text, const std::string& path) {
  std::vector<SinkOption> options;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    const size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || name.empty())
      return fail(TIDEMARK_E_INVALID, path + " line " + std::to_string(number) + ": write name = value");
    if (options.size() >= TIDEMARK_OPTIONS_MAX)
      return fail(TIDEMARK_E_INVALID,
                  path + " has more than " + std::to_string(TIDEMARK_OPTIONS_MAX) + " options");
    options.push_back({std::string(name), Secret(trimmed(line.substr(equals + 1)))});
  }
  return options;
}

Result<std::vector<SinkOption>> read_options_file(const std::string& path) {
  TM_ASSIGN(const Secret text, read_secret_file(path, Readers::kOwner));
  return parse_options(text.reveal(), path);
}

}  // namespace tidemark::postgres
