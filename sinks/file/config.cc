#include "file/config.h"

#include <algorithm>

#include "base/line.h"
#include "common/options.h"

namespace tidemark::sinks::file {
namespace {

Result<std::string> root_path(const Url& url) {
  const auto invalid = [](const std::string& why) {
    return fail(TIDEMARK_E_INVALID, "url: " + why + "; write file:///absolute/path");
  };
  if (url.scheme != "file") return invalid("the scheme is " + quote(url.scheme) + ", not file");
  if (!url.authority.empty())
    return invalid("a file url has no host, but this one has " + quote_part(url.authority));
  if (url.path.empty() || url.path.front() != '/')
    return invalid("the path " + quote_part(url.path) + " is not absolute");
  std::string path;
  for (size_t begin = 1; begin < url.path.size();) {
    const size_t end = std::min(url.path.find('/', begin), url.path.size());
    const std::string part = url.path.substr(begin, end - begin);
    if (part == "..") return invalid("the path " + quote_part(url.path) + " has a part \"..\"");
    if (!part.empty() && part != ".") path.append("/").append(part);
    begin = end + 1;
  }
  if (path.empty()) return invalid("it names the root directory; name one of the archive's own");
  return path;
}

}  // namespace

Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count) {
  Config config;
  TM_TRY(parse_options(kOptions,
                       {choice_option("staging", &config.staging, {"auto", "unnamed", "named"}),
                        choice_option("sync", &config.sync, {"auto", "shared", "each"})},
                       url.query, options, option_count));
  TM_ASSIGN(config.path, root_path(url));
  return config;
}

}  // namespace tidemark::sinks::file
