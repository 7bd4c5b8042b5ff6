#include "plugin.h"

#include <dlfcn.h>

#include <filesystem>

namespace tidemark::cli {

namespace {

Error cannot_load(const std::string& reason) {
  return {kExitSink, reason + " (name the right file with --plugin)", TIDEMARK_OK, 0};
}

// The part of the table this program calls.
bool is_usable(const tidemark_archiver_api* api) {
  return TIDEMARK_HAS(api, tidemark_archiver_api, get_extension) && api->create && api->destroy &&
         api->set_sink && api->get_extension;
}

}  // namespace

std::vector<tidemark_option> to_options(const std::vector<Setting>& settings) {
  std::vector<tidemark_option> options;
  for (const Setting& setting : settings) {
    options.push_back(
        {to_str(setting.key), to_str(setting.value), setting.secret ? TIDEMARK_OPTION_SECRET : 0u, 0});
  }
  return options;
}

Result<std::shared_ptr<Plugin>> Plugin::load(const std::string& given_path) {
  const std::string path = given_path.empty() ? default_plugin_path() : given_path;
  // A name without a slash would be looked up in the system's library folders.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    return cannot_load(std::string("cannot load the plugin: ") + (reason ? reason : path.c_str()));
  }
  const auto fail = [&](const std::string& reason) {
    ::dlclose(library);
    return cannot_load("cannot use the plugin " + path + ": " + reason);
  };
  const auto entry =
      reinterpret_cast<tidemark_archiver_entry_fn>(::dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME));
  if (entry == nullptr) return fail(std::string("it does not export ") + TIDEMARK_ARCHIVER_ENTRY_NAME);
  const tidemark_archiver_api* api = nullptr;
  for (uint32_t major = TIDEMARK_ARCHIVER_ABI_MAJOR; major >= 1 && api == nullptr; --major)
    api = entry(major);
  if (api == nullptr) {
    return fail("it does not speak version " + std::to_string(TIDEMARK_ARCHIVER_ABI_MAJOR) +
                " of the archiver ABI");
  }
  if (!is_usable(api)) return fail("its table of functions is incomplete");
  return std::shared_ptr<Plugin>(new Plugin(library, api));
}

Plugin::~Plugin() { ::dlclose(library_); }

std::string default_plugin_path() {
  std::error_code code;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  const auto prefix = folder.parent_path();
  // Some installations put libraries in lib64 or lib/<architecture>.
  for (const auto& place : {folder, prefix / "lib/tidemark", prefix / TIDEMARK_MODULE_DIR}) {
    const auto path = place / "tidemark.so";
    if (std::filesystem::exists(path, code)) return path.string();
  }
  return (prefix / "lib/tidemark/tidemark.so").string();
}

}  // namespace tidemark::cli
