#include "plugin.h"

namespace tidemark::cli {

std::vector<tidemark_option> to_options(const std::vector<Setting>& settings) {
  std::vector<tidemark_option> options;
  for (const Setting& setting : settings) {
    options.push_back(
        {abi_str(setting.key), abi_str(setting.value), setting.secret ? TIDEMARK_OPTION_SECRET : 0u, 0});
  }
  return options;
}

Result<std::shared_ptr<Plugin>> Plugin::load(const std::string& given_path) {
  auto library = Library::load(given_path.empty() ? default_plugin_path() : given_path);
  if (!library) return sink_error(library.error().message + " (name the right plugin with --plugin)");
  const auto api = archiver_table(*library);
  if (!api) return sink_error(api.error().message + " (name the right plugin with --plugin)");
  return std::shared_ptr<Plugin>(new Plugin(std::move(*library), *api));
}

}  // namespace tidemark::cli
