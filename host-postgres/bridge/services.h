// What the archiver calls: lends files of pg_wal, and writes into the book what it tells. The callbacks run
// on the archiver's threads, many at a time.
//
// Owns the book and its lock. `wake` is called without it, from any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_SERVICES_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_SERVICES_H

#include <tidemark/archiver.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "bridge/book.h"
#include "bridge/messages.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

class Services {
 public:
  Services(std::string data_directory, Cluster cluster, uint16_t page_magic, void (*wake)())
      : data_directory_(std::move(data_directory)), cluster_(cluster), page_magic_(page_magic), wake_(wake) {}

  tidemark_host table();  // its ctx is this object
  const Cluster& cluster() const { return cluster_; }
  Messages& messages() { return messages_; }
  const std::string& data_directory() const { return data_directory_; }
  std::string wal_directory() const { return data_directory_ + "/pg_wal"; }
  uint16_t page_magic() const { return page_magic_; }

  // Runs `use(book)` under the lock, then wakes the main thread if there is news for it.
  template <typename Use>
  auto with_book(Use&& use) TM_EXCLUDES(mutex_) {
    const WakeAfter wake(*this);
    MutexLock lock(mutex_);
    return use(book_);
  }
  // Another run or another sink: all has to be notified again.
  void begin_run();
  uint64_t runs() const { return runs_; }

 private:
  struct WakeAfter {
    explicit WakeAfter(Services& of) : services(of) {}
    ~WakeAfter() { services.wake_if_news(); }
    WakeAfter(const WakeAfter&) = delete;
    WakeAfter& operator=(const WakeAfter&) = delete;
    Services& services;
  };
  void wake_if_news() TM_EXCLUDES(mutex_);
  Status lend(const tidemark_partition& partition, tidemark_lsn lsn, tidemark_entry* out);
  void note(const tidemark_event& event);

  static tidemark_status acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                       tidemark_entry* out, tidemark_error* error);
  static void release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry);
  static tidemark_status acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                     tidemark_error* error);
  static void event(void* ctx, const tidemark_event* event);
  static void log(void* ctx, int32_t level, tidemark_str component, tidemark_str message);

  const std::string data_directory_;
  const Cluster cluster_;
  const uint16_t page_magic_;
  void (*const wake_)();
  Messages messages_;
  std::atomic<uint64_t> runs_{0};
  Mutex mutex_;
  Book book_ TM_GUARDED_BY(mutex_);
};

uint64_t monotonic_ms();

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_SERVICES_H
