// Keeps an archiver at work as the settings say: creates it, opens its sink, swaps both when the settings
// change, and tries again what failed. All that may take long is done on a thread of its own, because the
// main thread of PostgreSQL's archiver has to answer within a second.
//
// The public functions are for one thread, the main one. Owns the archiver; `services` outlives it.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_KEEPER_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_KEEPER_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "bridge/archiver.h"
#include "bridge/return_watch.h"
#include "bridge/services.h"
#include "bridge/settings.h"

namespace tidemark::postgres {

class Keeper {
 public:
  explicit Keeper(Services& services) : services_(services), returns_(services) {}
  ~Keeper();  // stops the archiver; what is under way is cancelled
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  Status start(Settings settings);  // RETRYABLE: no thread
  void change(Settings settings) TM_EXCLUDES(mutex_);

  // NOT_FOUND: there is no archiver yet.
  Status notify(const Place& place, uint64_t low, uint64_t high) TM_EXCLUDES(archiver_mutex_);
  Result<bool> holds(const Place& place) TM_EXCLUDES(archiver_mutex_);

 private:
  static constexpr uint32_t kRoundMs = 15'000;
  static constexpr uint32_t kRetryFirstMs = 5'000;  // there is no sink at all
  static constexpr uint32_t kRetrySwapMs = 60'000;  // the old one is at work

  void run() noexcept;
  void attend() TM_EXCLUDES(mutex_);
  void apply(const Settings& settings);
  Status bring_about(const Settings& settings);
  Status replace_archiver(const Settings& settings, const std::vector<SinkOption>& options);
  void warn_of_metrics(const std::string& file);
  Archiver* at_work() TM_EXCLUDES(archiver_mutex_);  // only the thread replaces it
  tidemark_call cancellable_call();
  void tidy();
  void begin_with(Archiver& archiver);
  void look_back();
  Status offer_histories(Archiver& archiver);
  uint64_t wake_at_ms() const;

  Services& services_;
  std::atomic<bool> closing_{false};
  Mutex mutex_;
  CondVar changed_;
  Settings wish_ TM_GUARDED_BY(mutex_);
  bool is_changed_ TM_GUARDED_BY(mutex_) = false;

  Mutex archiver_mutex_;  // for an instant, but while the listing is looked at
  std::unique_ptr<Archiver> archiver_ TM_GUARDED_BY(archiver_mutex_);

  // Of the thread alone.
  std::optional<SinkWish> sink_;  // at work
  std::optional<RunWish> run_;
  ReturnWatch returns_;
  bool is_started_ = false;
  bool is_tidy_ = false;
  uint64_t retry_at_ms_ = 0;      // 0: there is nothing to try again
  uint64_t look_back_at_ms_ = 0;  // 0: not at all
  uint64_t round_at_ms_ = 0;      // of what is looked after now and then
  std::thread thread_;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_KEEPER_H
