#include "plugin.h"

#include <dlfcn.h>

#include <filesystem>

#include "base/status_name.h"

namespace tidemark::host {

namespace {

std::vector<tidemark_option> to_options(const std::vector<Setting>& settings) {
  std::vector<tidemark_option> options;
  for (const Setting& setting : settings) {
    options.push_back(
        {to_str(setting.key), to_str(setting.value), setting.secret ? TIDEMARK_OPTION_SECRET : 0u, 0});
  }
  return options;
}

tidemark_error fresh_error() {
  tidemark_error error{};
  error.struct_size = sizeof(error);
  return error;
}

Error to_error(const std::string& what, tidemark_status status, const tidemark_error& error) {
  Error result = fail(status, what + ": " + status_text(status, &error));
  result.sys_errno = error.sys_errno;
  return result;
}

// The part of the table this host calls.
bool is_usable(const tidemark_archiver_api* api) {
  return TIDEMARK_HAS(api, tidemark_archiver_api, get_extension) && api->create && api->destroy &&
         api->set_sink && api->start && api->stop && api->notify && api->write_metrics && api->get_extension;
}

}  // namespace

std::string event_name(int32_t kind) {
  switch (kind) {
    case TIDEMARK_EVENT_GAP:
      return "GAP";
    case TIDEMARK_EVENT_CONFLICT:
      return "CONFLICT";
    case TIDEMARK_EVENT_FAILING:
      return "FAILING";
    case TIDEMARK_EVENT_RECOVERED:
      return "RECOVERED";
    case TIDEMARK_EVENT_SINK_CHANGED:
      return "SINK_CHANGED";
    case TIDEMARK_EVENT_SINK_DOWN:
      return "SINK_DOWN";
    case TIDEMARK_EVENT_SINK_UP:
      return "SINK_UP";
    default:
      return "EVENT_" + std::to_string(kind);
  }
}

std::string status_text(tidemark_status status, const tidemark_error* error) {
  std::string text = status_name(status);
  if (error != nullptr && error->message[0] != '\0') text += std::string(": ") + error->message;
  if (error != nullptr && error->code[0] != '\0') text += std::string(" (") + error->code + ")";
  return text;
}

Result<std::shared_ptr<Plugin>> Plugin::load(const std::string& path) {
  // A name without a slash would be looked up in the system's library folders.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    return fail(std::string("cannot load the plugin: ") + (reason ? reason : path.c_str()) +
                " (name the right file with --plugin)");
  }
  const auto unusable = [&](const std::string& reason) {
    ::dlclose(library);
    return fail("cannot use the plugin " + path + ": " + reason);
  };
  const auto entry =
      reinterpret_cast<tidemark_archiver_entry_fn>(::dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME));
  if (entry == nullptr) return unusable(std::string("it does not export ") + TIDEMARK_ARCHIVER_ENTRY_NAME);
  const tidemark_archiver_api* api = nullptr;
  for (uint32_t major = TIDEMARK_ARCHIVER_ABI_MAJOR; major >= 1 && api == nullptr; --major)
    api = entry(major);
  if (api == nullptr) {
    return unusable("it does not speak version " + std::to_string(TIDEMARK_ARCHIVER_ABI_MAJOR) +
                    " of the archiver ABI");
  }
  if (!is_usable(api)) return unusable("its table of functions is incomplete");
  return std::shared_ptr<Plugin>(new Plugin(library, api));
}

Plugin::~Plugin() { ::dlclose(library_); }

std::string default_plugin_path() {
  std::error_code code;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", code);
  const auto prefix = executable.parent_path().parent_path();
  // Some installations put libraries in lib64 or lib/<architecture>.
  for (const char* folder : {"lib/tidemark", TIDEMARK_MODULE_DIR}) {
    const auto path = prefix / folder / "tidemark.so";
    if (std::filesystem::exists(path, code)) return path.string();
  }
  return (prefix / "lib/tidemark/tidemark.so").string();
}

Result<std::unique_ptr<Archiver>> Archiver::create(std::shared_ptr<Plugin> plugin, const tidemark_host& host,
                                                   const std::vector<Setting>& options) {
  const auto list = to_options(options);
  tidemark_archiver* archiver = nullptr;
  tidemark_error error = fresh_error();
  const auto status =
      plugin->api().create(&host, list.data(), static_cast<uint32_t>(list.size()), &archiver, &error);
  if (status != TIDEMARK_OK) return to_error("cannot create the archiver", status, error);
  return std::unique_ptr<Archiver>(new Archiver(std::move(plugin), archiver));
}

Archiver::~Archiver() { plugin_->api().destroy(archiver_); }

Result<void> Archiver::set_sink(const std::string& url, const std::vector<Setting>& options) {
  const auto list = to_options(options);
  tidemark_call call{};
  call.struct_size = sizeof(call);
  tidemark_error error = fresh_error();
  const auto status = plugin_->api().set_sink(archiver_, to_str(url), list.data(),
                                              static_cast<uint32_t>(list.size()), &call, &error);
  // Without the query: it may hold what is nobody's business.
  if (status != TIDEMARK_OK)
    return to_error("cannot open the sink " + url.substr(0, url.find('?')), status, error);
  return {};
}

Result<void> Archiver::start() {
  tidemark_error error = fresh_error();
  const auto status = plugin_->api().start(archiver_, &error);
  if (status != TIDEMARK_OK) return to_error("cannot start the archiver", status, error);
  return {};
}

Result<void> Archiver::stop(uint32_t drain_ms) {
  tidemark_error error = fresh_error();
  const auto status = plugin_->api().stop(archiver_, drain_ms, &error);
  if (status != TIDEMARK_OK) return to_error("cannot stop the archiver", status, error);
  return {};
}

tidemark_status Archiver::notify(const std::string& storage, uint64_t id, uint64_t low, uint64_t high,
                                 tidemark_error* error) {
  const tidemark_partition partition{to_str(storage), id};
  return plugin_->api().notify(archiver_, &partition, low, high, error);
}

Result<std::string> Archiver::metrics() {
  std::string text;
  const tidemark_writer writer{&text, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                 static_cast<std::string*>(ctx)->append(static_cast<const char*>(data), size);
                                 return TIDEMARK_OK;
                               }};
  tidemark_error error = fresh_error();
  const auto status = plugin_->api().write_metrics(archiver_, &writer, &error);
  if (status != TIDEMARK_OK) return to_error("cannot get the metrics", status, error);
  return text;
}

Result<const tidemark_readback_api*> Archiver::readback() {
  const auto* api = static_cast<const tidemark_readback_api*>(
      plugin_->api().get_extension(archiver_, TIDEMARK_EXT_READBACK));
  if (api == nullptr || !TIDEMARK_HAS(api, tidemark_readback_api, restore) || !api->list || !api->restore) {
    return fail("this plugin cannot read back: it lacks the extension " TIDEMARK_EXT_READBACK);
  }
  return api;
}

const tidemark_maintain_api* Archiver::maintain() {
  const auto* api = static_cast<const tidemark_maintain_api*>(
      plugin_->api().get_extension(archiver_, TIDEMARK_EXT_MAINTAIN));
  const bool usable =
      api != nullptr && TIDEMARK_HAS(api, tidemark_maintain_api, unpack) && api->scan && api->unpack;
  return usable ? api : nullptr;
}

}  // namespace tidemark::host
