#include "bridge/services.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "base/guard.h"
#include "base/result.h"
#include "bridge/events.h"
#include "bridge/first_page.h"

namespace tidemark::postgres {

namespace {

struct Lease {
  Place place;
  std::string path;
};

}  // namespace

uint64_t monotonic_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

tidemark_host Services::table() {
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

void Services::wake_if_news() {
  bool is_news = false;
  {
    MutexLock lock(mutex_);
    is_news = book_.take_news();
  }
  if (is_news) wake_();
}

void Services::begin_run() {
  with_book([](Book& book) { book.begin_run(); });
  ++runs_;
}

// A segment that is done is not lent: PostgreSQL may give it another name and write over it at any time. A
// history stays as it is.
Status Services::lend(const tidemark_partition& partition, tidemark_lsn lsn, tidemark_entry* out) {
  const auto file = file_at(view(partition.storage), partition.id, lsn, cluster_);
  if (!file) return fail(TIDEMARK_E_NOT_FOUND, "no file of this cluster lies there");
  const std::string name = wal_name(*file, cluster_);
  auto lease = std::make_unique<Lease>(Lease{place_of(*file, cluster_), wal_directory() + "/" + name});
  const bool may_be_done = file->kind == WalKind::kHistory;
  // First the loan, then the look: what is found not to be done stays so while it is lent.
  if (!with_book([&](Book& book) { return book.lent(lease->place); }) && !may_be_done)
    return fail(TIDEMARK_E_NOT_FOUND, name + " is archived already");
  const std::string done = wal_directory() + "/archive_status/" + name + ".done";
  const Status checked = !may_be_done && ::access(done.c_str(), F_OK) == 0
                             ? Status(fail(TIDEMARK_E_NOT_FOUND, name + " is archived already"))
                             : check_wal_file(lease->path, *file, cluster_, page_magic_);
  if (!checked) {
    with_book([&](Book& book) { book.returned(lease->place); });
    return checked;
  }
  out->path = abi_str(lease->path);
  out->lease = lease.release();
  return {};
}

tidemark_status Services::acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                        tidemark_entry* out, tidemark_error* error) {
  return guard(error, [&] { return static_cast<Services*>(ctx)->lend(*partition, lsn, out); });
}

void Services::release_entry(void* ctx, const tidemark_partition*, tidemark_entry* entry) {
  const std::unique_ptr<Lease> lease(static_cast<Lease*>(entry->lease));
  if_there_is_memory(
      [&] { static_cast<Services*>(ctx)->with_book([&](Book& book) { book.returned(lease->place); }); });
}

tidemark_status Services::acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                      tidemark_error* error) {
  return guard(error, [&] {
    static_cast<Services*>(ctx)->with_book(
        [&](Book& book) { book.acknowledged(std::string(view(partition->storage)), partition->id, lsn); });
    return Status();
  });
}

void Services::note(const tidemark_event& event) {
  Message message = event_message(event, cluster_);
  const std::string storage(view(event.partition.storage));
  const uint64_t id = event.partition.id;
  const bool is_other = event.kind == TIDEMARK_EVENT_CONFLICT && event.status == TIDEMARK_E_EXISTS;
  if (event.kind == TIDEMARK_EVENT_SINK_CHANGED) begin_run();
  with_book([&](Book& book) {
    switch (event.kind) {
      case TIDEMARK_EVENT_GAP:
        return book.gap(storage, id, event.first, event.last);
      case TIDEMARK_EVENT_CONFLICT:
      case TIDEMARK_EVENT_FAILING:
        return book.failing(storage, id, event.first, message.text, is_other);
      case TIDEMARK_EVENT_RECOVERED:
        return book.recovered(storage, id);
      case TIDEMARK_EVENT_SINK_DOWN:
        return book.all_failing(message.text);
      case TIDEMARK_EVENT_SINK_UP:
        return book.all_failing({});
      case TIDEMARK_EVENT_SUPERSEDED:
        return book.storage_failing(storage, message.text);
      default:
        return;
    }
  });
  messages_.add(message.level, std::move(message.text), monotonic_ms());
}

// Without memory for it the gap would be forgotten, and a file in it taken for archived.
void Services::event(void* ctx, const tidemark_event* event) {
  auto& self = *static_cast<Services*>(ctx);
  const auto noted = guarded([&] {
    self.note(*event);
    return Status();
  });
  if (noted || event->kind != TIDEMARK_EVENT_GAP) return;
  MutexLock lock(self.mutex_);
  self.book_.doubt_everything();
}

void Services::log(void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
  if_there_is_memory([&] {
    std::string text(view(component));
    text.append(": ").append(view(message));
    static_cast<Services*>(ctx)->messages_.add(level, std::move(text), monotonic_ms());
  });
}

}  // namespace tidemark::postgres
