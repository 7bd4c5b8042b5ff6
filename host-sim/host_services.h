// What the plugin calls: the engine's side of the ABI. The callbacks run on the plugin's threads, many at a
// time; they touch memory only, apart from the crash that was asked for.
#ifndef TIDEMARK_HOST_SIM_HOST_SERVICES_H
#define TIDEMARK_HOST_SIM_HOST_SERVICES_H

#include <tidemark/archiver.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "base/fd.h"
#include "console.h"
#include "log_store.h"

namespace tidemark::host {

class HostServices {
 public:
  // `crash_at`: SIGKILL once that many entries were acknowledged in this process; 0: never. `wake` is an
  // eventfd that is signalled when nothing waits any more, and when wake_at() entries are acknowledged.
  HostServices(LogStore& store, Console& console, int32_t log_level, uint64_t crash_at, int wake)
      : store_(store), console_(console), log_level_(log_level), crash_at_(crash_at), wake_(wake) {}

  tidemark_host table();  // its ctx is this object
  void set_wake_at(uint64_t acknowledged) { wake_at_ = acknowledged; }
  void wake() const;

  std::map<std::string, uint64_t> events_by_kind() const;
  // Another host took the storage over: nothing of this one is archived any more.
  bool superseded() const { return superseded_; }
  // The plugin broke a promise (acknowledged what was never there, or less than before); the console says it.
  bool broken_promise() const { return broken_promise_.load(); }

 private:
  static tidemark_status acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                       tidemark_entry* out, tidemark_error* error);
  static void release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry);
  static tidemark_status acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                     tidemark_error* error);
  static void event(void* ctx, const tidemark_event* event);
  static void log(void* ctx, int32_t level, tidemark_str component, tidemark_str message);

  LogStore& store_;
  Console& console_;
  const int32_t log_level_;
  const uint64_t crash_at_;
  const int wake_;
  std::atomic<uint64_t> wake_at_{UINT64_MAX};
  std::atomic<bool> broken_promise_{false};
  std::atomic<bool> superseded_{false};
  std::array<std::atomic<uint64_t>, 32> events_{};  // by kind; the last one counts all kinds beyond
};

// One line for an event: "SINK_DOWN: NO_SPACE: ..." or "FAILING main/3 LSN 5, attempt 1: ...".
std::string event_text(const tidemark_event& event);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_HOST_SERVICES_H
