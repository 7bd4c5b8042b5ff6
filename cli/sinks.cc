#include <tidemark/sink.h>

#include <algorithm>
#include <filesystem>

#include "console.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

constexpr std::string_view kPrefix = "tidemark-sink-";
constexpr std::string_view kSuffix = ".so";
constexpr size_t kOptionColumn = 36;

Result<std::vector<std::string>> sink_files(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code code;
  for (const auto& item : std::filesystem::directory_iterator(directory, code)) {
    const std::string name = item.path().filename().string();
    if (name.size() > kPrefix.size() + kSuffix.size() && name.rfind(kPrefix, 0) == 0 &&
        name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0) {
      files.push_back(item.path().string());
    }
  }
  if (code) {
    return Error{kExitSink,
                 "cannot list " + directory + ": " + code.message() + " (name another with --sink-dir)",
                 TIDEMARK_OK, 0};
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The library stays loaded until the program ends: some sinks cannot be unloaded.
tidemark::Result<const tidemark_sink_api*> load(const std::string& file) {
  TM_ASSIGN(Library library, Library::load(file));
  TM_ASSIGN(const tidemark_sink_api* const api, sink_table(library));
  if (api->name == nullptr || api->version == nullptr)
    return fail(file + " does not say its name and version");
  library.leave_loaded();
  return api;
}

void tell(Output& output, const std::string& file, const tidemark_sink_api& api) {
  Json object;
  object["type"] = "sink";
  object["name"] = api.name;
  object["version"] = api.version;
  object["file"] = file;
  const bool has_options = TIDEMARK_HAS(&api, tidemark_sink_api, option_count) && api.options != nullptr;
  Json& options = object["options"] = Json::array();
  std::vector<std::string> texts;
  for (uint32_t i = 0; has_options && i < api.option_count; ++i) {
    const tidemark_sink_option& option = api.options[i];
    const auto text = [](const char* member) { return std::string(member != nullptr ? member : ""); };
    options.push_back(
        {{"name", text(option.name)}, {"default", text(option.fallback)}, {"help", text(option.help)}});
    std::string line =
        "  " + text(option.name) + (text(option.fallback).empty() ? "" : "=" + text(option.fallback));
    line.resize(std::max(kOptionColumn, line.size() + 2), ' ');
    texts.push_back(line + text(option.help));
  }
  output.object(object);
  output.line(std::string(api.name) + " " + api.version + "  " + printable(file));
  for (const std::string& line : texts) output.line(printable(line));
}

}  // namespace

int run_sinks(const SinksOptions& options) {
  const std::string plugin = options.archive.plugin.empty() ? default_plugin_path() : options.archive.plugin;
  const std::string directory =
      options.archive.sink_dir.empty()
          ? std::filesystem::path(std::filesystem::absolute(plugin)).parent_path().string()
          : options.archive.sink_dir;
  auto files = sink_files(directory);
  if (!files) return fail_with(files.error());
  Output output(options.json);
  int code = kExitOk;
  for (const std::string& file : *files) {
    auto api = load(file);
    if (api) {
      tell(output, file, **api);
    } else {
      console().print(printable(api.error().message));
      code = kExitSink;
    }
  }
  if (files->empty()) {
    console().print("there are no sinks in " + printable(directory) + " (name another with --sink-dir)");
    code = kExitSink;
  }
  return finish(output, code);
}

}  // namespace tidemark::cli
