// A storage engine for tests: partitions whose entries are files in a directory, and callbacks that record
// everything and hold the plugin to the contract of tidemark/archiver.h.
//
// Callbacks: the plugin's threads. The rest: any thread. Hooks are set before start.
#ifndef TIDEMARK_TESTS_INTEGRATION_TEST_HOST_H
#define TIDEMARK_TESTS_INTEGRATION_TEST_HOST_H

#include <tidemark/archiver.h>

#include <atomic>
#include <chrono>
#include <compare>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "temp_dir.h"

namespace tidemark::integration {

using Lsn = tidemark_lsn;

struct Partition {
  std::string storage = "orders";
  uint64_t id = 7;
  friend auto operator<=>(const Partition&, const Partition&) = default;
};

inline std::string text_of(tidemark_str s) {
  return s.size > 0 ? std::string(s.data, s.size) : std::string();
}
inline std::string name_of(const Partition& p, tidemark_lsn lsn) {
  return p.storage + "/" + std::to_string(p.id) + " entry " + std::to_string(lsn);
}

struct SeenEvent {
  int32_t kind = 0;
  Partition partition;
  Lsn first = 0, last = 0;
  tidemark_status status = 0;
  uint32_t attempt = 0;
  std::string message;
};

inline constexpr std::chrono::seconds kDeadline{60};  // for what must happen; reached only by a failure

// Lets threads wait for each other; open once, stays open.
class Gate {
 public:
  void open();
  // False: not opened, because `call` was cancelled or the deadline of the test has passed.
  bool pass(const tidemark_call* call = nullptr);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
};

class TestHost {
 public:
  TestHost();
  const tidemark_host& table() const { return table_; }
  void drop_event_callback() { table_.event = nullptr; }

  // Entries on disk. An entry becomes the host's once its path exists.
  std::string path(const Partition& partition, Lsn lsn) const;
  void commit(const Partition& partition, Lsn lsn, std::string_view content);
  void commit_range(const Partition& partition, Lsn low, Lsn high);  // each with content of its own
  std::string make_tree(const Partition& partition, Lsn lsn);        // an empty directory; returns its path
  void prune(const Partition& partition, Lsn lsn);                   // this one entry

  // What the keys of archives end in after ".tar".
  void expect_suffix(const std::string& suffix) { suffix_ = suffix; }
  // Where an acknowledged entry must be found as an object at the moment of its acknowledgement.
  void safe_in(const std::string& archive_root);
  // These need not be: lost on purpose.
  void excuse(const Partition& partition, Lsn low, Lsn high);

  // How many entries of one partition may be on loan at once; 1 unless a test asks for batches or pipelining.
  void allow_leases(int count) { leases_allowed_ = count; }

  // Run on the plugin's threads, without a lock, before what the callback does by itself. Any status but OK
  // is the outcome.
  std::function<tidemark_status(const Partition&, Lsn, tidemark_error*)> on_acquire;
  std::function<tidemark_status(const Partition&, Lsn, tidemark_error*)> on_acknowledge;
  std::function<void(const SeenEvent&)> on_event;

  // Around start and stop: between them callbacks are legal, and positions only grow.
  void begin_run();
  void end_run();
  void forget_position(const Partition& partition);  // a new look at the archive may begin lower

  // Of this run: the last one that was taken, 0 for none; and all of them.
  Lsn acknowledged(const Partition& partition) const;
  std::vector<Lsn> acknowledgements(const Partition& partition) const;
  std::vector<SeenEvent> events() const;
  std::vector<SeenEvent> events(int32_t kind) const;
  std::vector<std::string> log_lines() const;
  uint64_t acquired() const { return acquired_; }
  int most_jobs_at_once() const;
  std::set<std::thread::id> threads() const;
  std::vector<std::string> violations() const;

  // Waits until the condition on what was recorded holds, looking again after each callback.
  bool wait_until(const std::function<bool()>& condition) const;
  bool wait_for_acknowledge(const Partition& partition, Lsn lsn) const;
  bool wait_for_event(int32_t kind, size_t count = 1) const;

 private:
  struct Lease {
    Partition partition;
    Lsn lsn;
    std::string path;
  };
  struct Record {
    std::vector<Lsn> acknowledgements;
    Lsn position = 0;  // of this run
    bool acking = false;
    int leases = 0;
    std::set<Lsn> unsafe;  // committed and not yet found in the archive
  };

  static tidemark_status acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                       tidemark_entry* out, tidemark_error* error);
  static void release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry);
  static tidemark_status acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                     tidemark_error* error);
  static void event(void* ctx, const tidemark_event* event);
  static void log(void* ctx, int32_t level, tidemark_str component, tidemark_str message);

  void arrived(const char* callback);  // under the lock
  void check_safe(const Partition& partition, Record& record, Lsn lsn);
  void violate(std::string what);

  test::TempDir dir_;
  std::string suffix_;
  tidemark_host table_{};
  std::atomic<uint64_t> acquired_{0};

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  // Guarded by mutex_:
  bool alive_ = false;
  std::map<Partition, Record> records_;
  std::set<const Lease*> leases_;
  std::vector<std::string> archive_roots_;
  std::vector<SeenEvent> events_;
  std::vector<std::string> log_lines_;
  std::vector<std::string> violations_;
  std::set<std::thread::id> threads_;
  int most_leases_ = 0;
  std::atomic<int> leases_allowed_{1};
};

// Base 36, 13 digits: written again here, so that the plugin's own spelling is checked against it.
std::string lsn_text(Lsn lsn);
std::string archive_key(const Partition& partition, Lsn lsn);
std::string gap_key(const Partition& partition, Lsn first, Lsn last);
std::string origin_key(const Partition& partition, Lsn last);

}  // namespace tidemark::integration

#endif  // TIDEMARK_TESTS_INTEGRATION_TEST_HOST_H
