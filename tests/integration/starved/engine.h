// A storage engine that never allocates in a callback, so that it holds out where there is no memory.
//
// Callbacks: the plugin's threads. The rest: the thread that made it, which also waits here.
#ifndef TIDEMARK_TESTS_INTEGRATION_STARVED_ENGINE_H
#define TIDEMARK_TESTS_INTEGRATION_STARVED_ENGINE_H

#include <tidemark/archiver.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace tidemark::starved {

inline constexpr const char* kStorage = "orders";
inline constexpr uint64_t kPartitions = 7;  // 1 to 6 are used
inline constexpr tidemark_lsn kLsns = 16;

class Engine {
 public:
  // Entries are <root>/<partition>/<LSN>. An acknowledged entry must be in an archive at that moment.
  explicit Engine(const std::string& root);
  const tidemark_host& table() const { return table_; }

  void archives_lie_in(const std::string& archive_root);
  // From now on archives lie elsewhere.
  void look_no_more() { looks_ = false; }
  // The first tries to borrow this entry fail.
  void fail_first(uint64_t partition, tidemark_lsn lsn, int times);
  // Called once, on the plugin's thread, when it borrows an entry.
  void at_first_loan(std::function<void()> call) {
    at_loan_ = std::move(call);
    has_loaned_ = false;
  }
  // Not in the archive, and known to be lost.
  void excuse(uint64_t partition, tidemark_lsn first, tidemark_lsn last);

  void begin_run();
  // Every entry must have been given back.
  void end_run();

  tidemark_lsn acknowledged(uint64_t partition) const { return acknowledged_[partition]; }
  int events(uint64_t partition, int32_t kind) const { return events_[partition][kind]; }
  bool has_gap(uint64_t partition, tidemark_lsn first, tidemark_lsn last) const;
  int violations() const { return violations_; }
  void violate(const char* what, uint64_t partition, uint64_t lsn);
  void tell_log(bool on) { tells_log_ = on; }

 private:
  static constexpr int kKinds = 16;
  static tidemark_status acquire_entry(void* ctx, const tidemark_partition*, tidemark_lsn, tidemark_entry*,
                                       tidemark_error*);
  static void release_entry(void* ctx, const tidemark_partition*, tidemark_entry*);
  static tidemark_status acknowledge(void* ctx, const tidemark_partition*, tidemark_lsn, tidemark_error*);
  static void event(void* ctx, const tidemark_event*);
  static void log(void* ctx, int32_t level, tidemark_str component, tidemark_str message);
  bool is_archived(uint64_t partition, tidemark_lsn lsn) const;

  tidemark_host table_{};
  std::array<std::array<std::string, kLsns>, kPartitions> paths_;
  std::array<std::string, 2> archives_;  // where acknowledged entries are looked for
  std::array<std::array<std::atomic<int>, kLsns>, kPartitions> leases_{};
  std::array<std::array<std::atomic<int>, kLsns>, kPartitions> failures_left_{};
  std::array<std::array<std::atomic<bool>, kLsns>, kPartitions> excused_{};
  std::array<std::array<std::atomic<int>, kKinds>, kPartitions> events_{};
  std::array<std::atomic<uint64_t>, kPartitions> gap_first_{};
  std::array<std::atomic<uint64_t>, kPartitions> gap_last_{};
  std::array<std::atomic<tidemark_lsn>, kPartitions> acknowledged_{};
  std::atomic<int> violations_{0};
  std::atomic<bool> alive_{false};
  std::function<void()> at_loan_;
  std::atomic<bool> has_loaned_{true};
  std::atomic<bool> looks_{true};
  bool tells_log_ = false;
};

}  // namespace tidemark::starved

#endif  // TIDEMARK_TESTS_INTEGRATION_STARVED_ENGINE_H
