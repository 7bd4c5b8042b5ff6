// The plugin: its library, loaded with dlopen, and its table of functions. Owns the library. Any thread.
#ifndef TIDEMARK_CLI_PLUGIN_H
#define TIDEMARK_CLI_PLUGIN_H

#include <tidemark/archiver.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "error.h"

namespace tidemark::cli {

struct Setting {
  std::string key;
  std::string value;
  bool secret = false;
};

inline tidemark_str to_str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view to_view(tidemark_str text) {
  return text.size ? std::string_view(text.data, text.size) : std::string_view();
}
std::vector<tidemark_option> to_options(const std::vector<Setting>& settings);

class Plugin {
 public:
  // dlopen, then the one symbol, then a table this program can work with. path empty: default_plugin_path().
  static Result<std::shared_ptr<Plugin>> load(const std::string& path);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  const tidemark_archiver_api& api() const { return *api_; }

 private:
  Plugin(void* library, const tidemark_archiver_api* api) : library_(library), api_(api) {}
  void* const library_;
  const tidemark_archiver_api* const api_;
};

// Beside this executable, or in ../lib/tidemark from it as built and as installed.
std::string default_plugin_path();

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_PLUGIN_H
