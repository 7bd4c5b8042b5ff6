// One run of verify and its checkpoint: what need not be read, what is read again, and what the next run will
// know. An object that is known is read again if its size or time changed, and each run reads a share of all
// again, those first whose check is oldest: rot leaves sizes and times as they are.
//
// The main thread loads, begins, reports and saves; any thread may ask may_skip() after load().
#ifndef TIDEMARK_CLI_LEDGER_H
#define TIDEMARK_CLI_LEDGER_H

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint.h"
#include "gone.h"

namespace tidemark::cli {

struct Share {
  uint64_t part = 1, of = 30;
};

bool is_in_scope(const std::string& name, const Scope& scope);

class Ledger {
 public:
  struct Ages {
    // By how long ago they were read: a day, a week, 30 days, longer.
    std::array<uint64_t, 4> archives{};
    int64_t oldest_us = 0;  // 0: none
    void add(int64_t checked_us, int64_t now_us);
    uint64_t sum() const { return archives[0] + archives[1] + archives[2] + archives[3]; }
  };
  // path empty: no checkpoint.
  Result<void> load(const std::string& path, const std::string& url, const Scope& scope, Share reread,
                    int64_t now_us);
  bool knows(const std::string& name) const { return known_.count(name) > 0; }
  // It was found right before, is the same, and need not be read again in this run.
  bool may_skip(const Stored& stored) const;

  // Reports, partition after partition, in the order of the listing.
  void begin(const std::string& name);
  void right(const Stored& stored, bool was_read);
  void not_right(const Stored& stored);
  // After the last of a partition. What is gone stays known until somebody accepts that it is lost.
  std::vector<Gone> end(const std::vector<HistoryEnd>& histories, uint64_t pruned_through);
  // Of partitions that the listing does not have at all.
  std::vector<Gone> unseen(const Scope& scope) const;

  const Ages& ages() const { return ages_; }
  uint64_t read_again() const { return read_again_; }
  // now false: only if it is time to.
  Result<void> save(bool now);

 private:
  const CheckedObjects* objects_of(const std::string& name) const;
  const Checked* find(const Stored& stored) const;
  void choose_due(const Scope& scope, Share share);

  std::string path_, url_;
  Checkpoint known_;         // what the file said; not changed after load()
  Checkpoint reached_;       // partitions that are finished
  std::string current_;      // empty: between two
  CheckedObjects here_;      // of the current one
  CheckedObjects unknown_;   // of it: what is not right and never was
  Checked newest_reported_;  // of the current one, right or not
  bool has_reported_ = false;

  int64_t now_us_ = 0;
  // Due is what was checked before due_us_, and of that time what comes up to this place.
  int64_t due_us_ = 0;
  std::string due_name_;
  size_t due_index_ = 0;
  bool is_some_due_ = false;

  Ages ages_;
  uint64_t read_again_ = 0;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration interval_ = std::chrono::seconds(30);
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_LEDGER_H
