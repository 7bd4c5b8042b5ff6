// The archiver plugin: its library, and one archiver made from it. Owns both; the library is closed after the
// archiver. Errors of the plugin become errors of ours, its message included.
#ifndef TIDEMARK_HOST_SIM_PLUGIN_H
#define TIDEMARK_HOST_SIM_PLUGIN_H

#include <tidemark/draft/maintenance.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/module.h"
#include "base/result.h"

namespace tidemark::host {

struct Setting {
  std::string key;
  std::string value;
  bool secret = false;
};

std::string event_name(int32_t kind);  // "SINK_DOWN"
std::string status_text(tidemark_status status, const tidemark_error* error);

// The library; shared by the archivers made from it.
class Plugin {
 public:
  static Result<std::shared_ptr<Plugin>> load(const std::string& path);
  const tidemark_archiver_api& api() const { return *api_; }

 private:
  Plugin(Library library, const tidemark_archiver_api* api) : library_(std::move(library)), api_(api) {}
  const Library library_;
  const tidemark_archiver_api* const api_;
};

// One archiver. Thread rules are those of the table.
class Archiver {
 public:
  static Result<std::unique_ptr<Archiver>> create(std::shared_ptr<Plugin> plugin, const tidemark_host& host,
                                                  const std::vector<Setting>& options);
  ~Archiver();
  Archiver(const Archiver&) = delete;
  Archiver& operator=(const Archiver&) = delete;

  Result<void> set_sink(const std::string& url, const std::vector<Setting>& options);
  Result<void> start();
  Result<void> stop(uint32_t drain_ms);
  // TIDEMARK_OK or why not; `error` may be NULL.
  tidemark_status notify(const std::string& storage, uint64_t id, uint64_t low, uint64_t high,
                         tidemark_error* error);
  Result<std::string> metrics();

  // The extension that reads back; an error if this plugin has none.
  Result<const tidemark_readback_api*> readback();
  // The extension that looks after an archive; NULL if this plugin has none.
  const tidemark_maintenance_api* maintenance();
  // The draft that tells epochs; NULL if this plugin has it not.
  const tidemark_draft_maintenance_api* draft_maintenance();
  tidemark_archiver* handle() { return archiver_; }

 private:
  Archiver(std::shared_ptr<Plugin> plugin, tidemark_archiver* archiver)
      : plugin_(std::move(plugin)), archiver_(archiver) {}
  const std::shared_ptr<Plugin> plugin_;
  tidemark_archiver* const archiver_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_PLUGIN_H
