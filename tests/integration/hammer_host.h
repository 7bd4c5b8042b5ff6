// The hammer's storage engine: its entries, the callbacks that fail, dawdle and call back, and the account by
// which it holds the plugin to the promise of tidemark/archiver.h, inside each callback.
//
// What it demands:
//  * in acknowledge(L): every entry notified up to L lies in a sink, byte for byte, and the sink has said so
//  to
//    this process (what was only listed may be gone after a power loss); or the event of its GAP has
//    returned. A swap takes nothing back: what was safe in an earlier sink is safe
//  * a GAP is of entries that the host gave up, that no sink of now holds, and that no acknowledgement passed
//  * acknowledgements: one at a time for a partition, of what was notified, never going back
//  * leases pair, and a release is told the path it was lent
//  * no callback before start or after stop returned; every gap record's event came before stop returned
//
// Callbacks: the plugin's threads. begin_run, end_run, be_calm: the thread of [control]. The rest: any.
#ifndef TIDEMARK_TESTS_INTEGRATION_HAMMER_HOST_H
#define TIDEMARK_TESTS_INTEGRATION_HAMMER_HOST_H

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hammer_archive.h"
#include "random.h"
#include "temp_dir.h"
#include "test_host.h"

namespace tidemark::integration {

struct HammerPlan {
  uint64_t seed = 1;
  std::string storage;
  std::vector<std::string> roots;  // every directory that is ever a sink
  size_t partitions = 3;
  bool swaps = false;            // else the first root is the only sink
  bool forgets = false;          // partition_idle_ms is tiny
  bool in_order = true;          // archives of a partition are put one after the other
  uint64_t fault_percent = 10;   // of acquire_entry and acknowledge
  uint64_t slow_percent = 10;    // of all callbacks
  uint64_t slow_us = 3000;       // at most
  uint64_t recall_percent = 10;  // callbacks that notify
};

class HammerHost {
 public:
  struct Notice {
    size_t partition = 0;
    Lsn low = 0, high = 0;
  };

  explicit HammerHost(const HammerPlan& plan);
  const tidemark_host& table() const { return table_; }
  // How it notifies; set before begin_run.
  std::function<tidemark_status(const tidemark_partition*, Lsn low, Lsn high)> notify_through;

  // ---- The log. All of it is the host's to decide.
  void commit(size_t partition);
  void lose(size_t partition, sim::Random& random);  // the oldest are gone, archived or not
  void lose_one(size_t partition, sim::Random& random);
  void hide(size_t partition, sim::Random& random);  // given up, and yet there again later
  void show(size_t partition);
  Notice notice(size_t partition) const;  // what is there now
  void notify(const Notice& notice);

  // ---- A run. be_calm: no more faults.
  void begin_run();
  void end_run(uint64_t swaps);
  void be_calm();
  // A call begins that may prove an object durable, and with it what its folder holds now; it did.
  void asks(std::string_view key);
  void proved(std::string_view key);
  // What is not yet both safe and acknowledged; empty: nothing.
  std::string unsettled();

  std::vector<std::string> violations() const;
  std::vector<std::string> log_lines() const;
  uint64_t acknowledgements() const { return acknowledgements_; }
  uint64_t gaps() const { return gaps_; }
  uint64_t entries() const { return entries_; }

 private:
  enum class State : uint8_t { kThere, kHidden, kGone };
  struct Entry {
    std::string fingerprint;
    State state = State::kThere;
    int loans = 0;
    uint64_t notified_in = 0;        // the last run; 0: never
    uint64_t first_notified_in = 0;  // as heard
    uint64_t owed_from = 0;  // acknowledgements of this run: it was notified after a later one was given
    bool told = false;       // the event of a GAP that holds it has returned
    bool safe = false;       // was found in a sink
  };
  struct Part {
    mutable std::mutex mutex;
    Partition name;
    std::deque<Entry> entries;      // LSN 1 first
    Lsn position = 0;               // of this run, taken
    Lsn given = 0;                  // of this run
    uint64_t acknowledgements = 0;  // of this run, begun
    Lsn highest = 0;                // notified in this run
    Lsn lowest_gone = 0;            // no low of this run was above
    Lsn trusted = 0;                // every notification of this run reached up to there at least
    int notifying = 0;
    bool acking = false;
  };
  struct Lease {
    Part* part;
    Lsn lsn;
    std::string path;
  };
  class Inside;  // one callback, from its beginning to its end

  static tidemark_status acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                       tidemark_entry* out, tidemark_error* error);
  static void release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry);
  static tidemark_status acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                     tidemark_error* error);
  static void event(void* ctx, const tidemark_event* event);
  static void log(void* ctx, int32_t level, tidemark_str component, tidemark_str message);

  Part* part_of(const tidemark_partition& partition);
  std::string path(const Part& part, Lsn lsn) const;
  std::string write_entry(const std::string& path, sim::Random& random);
  void give_up(Part& part, Lsn lsn);  // under its lock: gone, once nobody has it on loan
  void prune(Part& part, Lsn through);
  bool is_owed(const Part& part, Lsn lsn, const Entry& entry);
  void check_position(Part& part, Lsn lsn);
  void check_gap(Part& part, const tidemark_event& event);
  void check_gap_records(const Part& part);
  // Why the entry is not safe; empty: it is.
  std::string unsafe(const Part& part, Lsn lsn, const std::string& fingerprint);
  tidemark_status dice_status(sim::Random& random);
  void violate(const std::string& what);

  const HammerPlan plan_;
  const std::vector<std::string> first_root_;
  test::TempDir dir_;
  tidemark_host table_{};
  ArchiveReader reader_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::atomic<bool> alive_{false};
  std::atomic<bool> calm_{false};
  std::atomic<int> inside_{0};
  std::atomic<uint64_t> run_{0};
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> acquired_{0};
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> acknowledgements_{0};
  std::atomic<uint64_t> gaps_{0};
  std::atomic<uint64_t> entries_{0};
  std::chrono::steady_clock::time_point began_;

  mutable std::mutex mutex_;  // a leaf
  std::set<const Lease*> leases_;
  std::set<std::string, std::less<>> proved_;  // keys, by any run
  std::vector<std::string> violations_;
  std::deque<std::string> log_lines_;
};

}  // namespace tidemark::integration

#endif  // TIDEMARK_TESTS_INTEGRATION_HAMMER_HOST_H
