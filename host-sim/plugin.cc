#include "plugin.h"

#include "base/printable.h"
#include "base/status_name.h"

namespace tidemark::host {

namespace {

std::vector<tidemark_option> to_options(const std::vector<Setting>& settings) {
  std::vector<tidemark_option> options;
  for (const Setting& setting : settings) {
    options.push_back(
        {abi_str(setting.key), abi_str(setting.value), setting.secret ? TIDEMARK_OPTION_SECRET : 0u, 0});
  }
  return options;
}

Error to_error(const std::string& what, tidemark_status status, const tidemark_error& error) {
  Error result = fail(status, what + ": " + status_text(status, &error));
  result.sys_errno = error.sys_errno;
  return result;
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
    case TIDEMARK_EVENT_BRANCHED:
      return "BRANCHED";
    case TIDEMARK_EVENT_SUPERSEDED:
      return "SUPERSEDED";
    default:
      return "EVENT_" + std::to_string(kind);
  }
}

std::string status_text(tidemark_status status, const tidemark_error* error) {
  std::string text = status_name(status);
  if (error != nullptr && error->message[0] != '\0') text += std::string(": ") + error->message;
  // Most sinks say it in the message already.
  if (error != nullptr && text.find(error->code) == std::string::npos)
    text += std::string(" (") + error->code + ")";
  return text;
}

Result<std::shared_ptr<Plugin>> Plugin::load(const std::string& path) {
  Result<Library> library = Library::load(path);
  if (!library) return fail(library.error().message + " (name the right plugin with --plugin)");
  TM_ASSIGN(const tidemark_archiver_api* const api, archiver_table(*library));
  return std::shared_ptr<Plugin>(new Plugin(std::move(*library), api));
}

Result<std::unique_ptr<Archiver>> Archiver::create(std::shared_ptr<Plugin> plugin, const tidemark_host& host,
                                                   const std::vector<Setting>& options) {
  const auto list = to_options(options);
  tidemark_archiver* archiver = nullptr;
  tidemark_error error = empty_abi_error();
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
  tidemark_error error = empty_abi_error();
  const auto status = plugin_->api().set_sink(archiver_, abi_str(url), list.data(),
                                              static_cast<uint32_t>(list.size()), &call, &error);
  if (status != TIDEMARK_OK) return to_error("cannot open the sink " + printable_url(url), status, error);
  return {};
}

Result<void> Archiver::start() {
  tidemark_error error = empty_abi_error();
  const auto status = plugin_->api().start(archiver_, &error);
  if (status != TIDEMARK_OK) return to_error("cannot start the archiver", status, error);
  return {};
}

Result<void> Archiver::stop(uint32_t drain_ms) {
  tidemark_error error = empty_abi_error();
  const auto status = plugin_->api().stop(archiver_, drain_ms, &error);
  if (status != TIDEMARK_OK) return to_error("cannot stop the archiver", status, error);
  return {};
}

tidemark_status Archiver::notify(const std::string& storage, uint64_t id, uint64_t low, uint64_t high,
                                 tidemark_error* error) {
  const tidemark_partition partition{abi_str(storage), id};
  return plugin_->api().notify(archiver_, &partition, low, high, error);
}

Result<std::string> Archiver::metrics() {
  std::string text;
  const tidemark_writer writer{&text, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                 static_cast<std::string*>(ctx)->append(static_cast<const char*>(data), size);
                                 return TIDEMARK_OK;
                               }};
  tidemark_error error = empty_abi_error();
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

const tidemark_maintenance_api* Archiver::maintenance() {
  const auto* api = static_cast<const tidemark_maintenance_api*>(
      plugin_->api().get_extension(archiver_, TIDEMARK_EXT_MAINTENANCE));
  const bool usable =
      api != nullptr && TIDEMARK_HAS(api, tidemark_maintenance_api, unpack) && api->scan && api->unpack;
  return usable ? api : nullptr;
}

const tidemark_draft_maintenance_api* Archiver::draft_maintenance() {
  const auto* api = static_cast<const tidemark_draft_maintenance_api*>(
      plugin_->api().get_extension(archiver_, TIDEMARK_EXT_DRAFT_MAINTENANCE));
  const bool usable = api != nullptr && TIDEMARK_HAS(api, tidemark_draft_maintenance_api, read_epoch);
  return usable ? api : nullptr;
}

}  // namespace tidemark::host
