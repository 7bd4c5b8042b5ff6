#include "host_services.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "plugin.h"

namespace tidemark::host {

namespace {

struct Lease {
  uint64_t partition = 0;
  uint64_t lsn = 0;
  std::string path;
};

tidemark_status refuse(tidemark_error* error, tidemark_status status, const std::string& message) {
  if (error == nullptr) return status;
  error->sys_errno = 0;
  error->http_status = 0;
  error->retry_after_ms = 0;
  error->code[0] = '\0';
  std::snprintf(error->message, sizeof(error->message), "%s", message.c_str());
  return status;
}

}  // namespace

std::string event_text(const tidemark_event& event) {
  std::string text = event_name(event.kind);
  if (event.partition.storage.size > 0) {
    text += " " + std::string(view(event.partition.storage));
    if (event.kind != TIDEMARK_EVENT_SUPERSEDED) text += "/" + std::to_string(event.partition.id);
    if (event.first > 0) text += " LSN " + std::to_string(event.first);
    if (event.last > event.first) text += " to " + std::to_string(event.last);
  }
  if (event.attempt > 0) text += ", attempt " + std::to_string(event.attempt);
  if (event.status != TIDEMARK_OK) text += ": " + status_text(event.status, event.error);
  return text;
}

tidemark_host HostServices::table() {
  tidemark_host host{};
  host.struct_size = sizeof(host);
  host.abi_minor = TIDEMARK_ARCHIVER_ABI_MINOR;
  host.ctx = this;
  host.acquire_entry = &acquire_entry;
  host.release_entry = &release_entry;
  host.acknowledge = &acknowledge;
  host.event = &event;
  host.log = &log;
  return host;
}

void HostServices::wake() const { ::eventfd_write(wake_, 1); }

std::map<std::string, uint64_t> HostServices::events_by_kind() const {
  std::map<std::string, uint64_t> counts;
  for (size_t kind = 0; kind < events_.size(); ++kind) {
    const uint64_t count = events_[kind].load();
    if (count > 0)
      counts[kind + 1 == events_.size() ? "OTHER" : event_name(static_cast<int32_t>(kind))] = count;
  }
  return counts;
}

tidemark_status HostServices::acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                            tidemark_entry* out, tidemark_error* error) {
  auto& self = *static_cast<HostServices*>(ctx);
  if (view(partition->storage) != self.store_.options().storage ||
      !self.store_.table().lend(partition->id, lsn)) {
    return refuse(error, TIDEMARK_E_NOT_FOUND, "no such entry in the log");
  }
  auto* lease = new Lease{partition->id, lsn, self.store_.entry_path(partition->id, lsn)};
  out->path = abi_str(lease->path);
  out->lease = lease;
  return TIDEMARK_OK;
}

void HostServices::release_entry(void* ctx, const tidemark_partition*, tidemark_entry* entry) {
  auto* lease = static_cast<Lease*>(entry->lease);
  static_cast<HostServices*>(ctx)->store_.table().end_loan(lease->partition, lease->lsn);
  delete lease;
}

tidemark_status HostServices::acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                          tidemark_error* error) {
  auto& self = *static_cast<HostServices*>(ctx);
  PartitionTable& table = self.store_.table();
  const auto confirmed = view(partition->storage) == self.store_.options().storage
                             ? table.acknowledge(partition->id, lsn)
                             : Result<uint64_t>(fail("an unknown storage is acknowledged"));
  if (!confirmed) {
    self.broken_promise_ = true;
    self.console_.post("the plugin broke its promise: " + confirmed.error().message);
    return refuse(error, TIDEMARK_E_INVALID, confirmed.error().message);
  }
  if (self.crash_at_ > 0 && table.confirmed() >= self.crash_at_) ::kill(::getpid(), SIGKILL);
  if (table.unconfirmed() == 0 || table.acknowledged() >= self.wake_at_.load(std::memory_order_relaxed))
    self.wake();
  return TIDEMARK_OK;
}

void HostServices::event(void* ctx, const tidemark_event* event) {
  auto& self = *static_cast<HostServices*>(ctx);
  const size_t last = self.events_.size() - 1;
  ++self.events_[event->kind < 0 ? last : std::min(static_cast<size_t>(event->kind), last)];
  self.console_.post(event_text(*event));
  if (event->kind != TIDEMARK_EVENT_SUPERSEDED) return;
  self.superseded_ = true;
  self.wake();
}

void HostServices::log(void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
  static constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
  auto& self = *static_cast<HostServices*>(ctx);
  if (level < self.log_level_) return;
  const char* name = kLevels[std::clamp<int32_t>(level, 0, 3)];
  self.console_.post(std::string(name) + " [" + std::string(view(component)) + "] " +
                     std::string(view(message)));
}

}  // namespace tidemark::host
