// The plugin: its library and its table of functions. Owns the library. Any thread.
#ifndef TIDEMARK_CLI_PLUGIN_H
#define TIDEMARK_CLI_PLUGIN_H

#include <tidemark/archiver.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/module.h"
#include "error.h"

namespace tidemark::cli {

struct Setting {
  std::string key;
  std::string value;
  bool secret = false;
};

std::vector<tidemark_option> to_options(const std::vector<Setting>& settings);

class Plugin {
 public:
  // path empty: default_plugin_path().
  static Result<std::shared_ptr<Plugin>> load(const std::string& path);
  const tidemark_archiver_api& api() const { return *api_; }

 private:
  Plugin(Library library, const tidemark_archiver_api* api) : library_(std::move(library)), api_(api) {}
  const Library library_;
  const tidemark_archiver_api* const api_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_PLUGIN_H
