// Credentials that expire, kept fresh: keys, a token, whatever proves to a store who asks. The sink knows
// where they come from.
//
// Fresh means: 15 minutes before they expire a thread of ours fetches new ones while the old are still used;
// 5 minutes before, callers wait for new ones, and one of them fetches; if that fails, the old are used until
// they expire. If credentials are valid for a shorter time, it is half and a quarter of that time. Some
// services give old ones while they are in trouble; theirs are used after they expire too (what the SDKs call
// static stability): while the service is down, the store decides whether it takes them. Then the thread asks
// again every 5 to 10 minutes. The files they come from are looked at once a second, and when one of them has
// changed, the caller who saw it fetches again.
//
// get() and expired() may be called by any thread. The thread exists from the first credentials
// that expire; the destructor cancels what it does and joins it.
#ifndef TIDEMARK_SINKS_HTTP_REFRESH_H
#define TIDEMARK_SINKS_HTTP_REFRESH_H

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/blocked_signals.h"
#include "base/mutex.h"
#include "base/wall_clock.h"
#include "common/table.h"
#include "http/iso_time.h"
#include "http/small_file.h"

namespace tidemark::sinks {

// What a fetch brought. Credentials have `int64_t expires_us` (unix time; 0: never) and `is_same(other)`.
template <typename Credentials>
struct Fetched {
  Credentials credentials;
  std::string from;  // for the log
  // Of a service that gives old ones, or none, while it is in trouble: old ones are better than none.
  bool outlive_expiry = false;
  std::vector<FileStamp> files;  // as they were; a change is a reason to fetch again
};

template <typename Credentials>
struct RefreshHooks {
  const char* thread_name;  // 15 bytes at most
  // One attempt; `report` gets a line for the log about what is waited for. CANCELLED, THROTTLED, RETRYABLE
  // or PERMANENT. [any-thread]
  std::function<Result<Fetched<Credentials>>(const Call&,
                                             const std::function<void(const std::string&)>& report)>
      fetch;
  std::function<int64_t()> now_us;  // unix time
  std::function<double()> share;    // from 0 to 1, evenly
};

template <typename Credentials>
class Refresh {
 public:
  using Found = Fetched<Credentials>;

  // Asks nobody yet.
  Refresh(RefreshHooks<Credentials> hooks, HostLog log) : hooks_(std::move(hooks)), log_(log) {}
  ~Refresh();
  Refresh(const Refresh&) = delete;
  Refresh& operator=(const Refresh&) = delete;

  // Valid for this moment only: call it before every attempt. CANCELLED, THROTTLED, RETRYABLE; or PERMANENT,
  // but only as long as there have never been any credentials.
  Result<Credentials> get(const Call& call) TM_EXCLUDES(mutex_);

  // A store said that these have expired: the next get() fetches others first, whatever the clock says. Does
  // nothing if others are in use already.
  void expired(const Credentials& credentials) TM_EXCLUDES(mutex_);

 private:
  static constexpr int64_t kSoonUs = 15 * 60 * kUsPerSecond;
  static constexpr int64_t kNowUs = 5 * 60 * kUsPerSecond;
  static constexpr int64_t kLookUs = kUsPerSecond;
  static constexpr int64_t kRetryUs = 5 * kUsPerSecond;  // after a failure nobody asks again that long
  static constexpr int64_t kOutliveMinUs =
      5 * 60 * kUsPerSecond;  // from one attempt to the next while a service is down
  static constexpr int64_t kOutliveMaxUs = 10 * 60 * kUsPerSecond;
  static constexpr uint32_t kWaitMs = 50;  // for somebody else's fetch, between looks at our own call
  static constexpr uint32_t kThreadTimeoutMs = 120'000;

  enum class Need {
    kNone,
    kSoon,    // the thread fetches
    kReload,  // a file changed: one caller fetches, the others continue with what there is
    kNow,     // one caller fetches, the others wait
  };
  Need need(int64_t now_us) const TM_REQUIRES(mutex_);
  bool is_usable(int64_t now_us) const TM_REQUIRES(mutex_);
  bool is_outliving(int64_t now_us) const TM_REQUIRES(mutex_);  // used although expired
  bool is_refused(const Found& found) const TM_REQUIRES(mutex_);
  bool is_held_back(int64_t now_us) const TM_REQUIRES(mutex_);
  static bool is_within(int64_t now_us, int64_t since_us, int64_t span_us);
  Result<Found> load(const Call& call) const;
  void look_at_files() TM_EXCLUDES(mutex_);
  // By whoever set in_flight_. An error is the call's own, with what it waited for.
  Status fetch(const Call& call) TM_EXCLUDES(mutex_);
  struct Line {
    int32_t level = TIDEMARK_LOG_WARN;
    std::string text = {};  // empty: nothing to say
  };
  Line take(Found found) TM_REQUIRES(mutex_);
  Line take_failure(Error error) TM_REQUIRES(mutex_);
  Line outlive(const std::string& why) TM_REQUIRES(mutex_);
  bool wake_thread() TM_REQUIRES(mutex_);  // false: no thread could be started
  void run_thread() TM_EXCLUDES(mutex_);

  const RefreshHooks<Credentials> hooks_;
  const HostLog log_;
  std::atomic<bool> stopping_ = false;

  Mutex mutex_;
  CondVar changed_;  // in_flight_, thread_wanted_, stopping_
  std::optional<Found> current_ TM_GUARDED_BY(mutex_);
  int64_t life_us_ TM_GUARDED_BY(mutex_) = 0;     // what was left of them when they were fetched
  bool rejected_ TM_GUARDED_BY(mutex_) = false;   // by a store
  bool in_flight_ TM_GUARDED_BY(mutex_) = false;  // somebody fetches
  bool thread_wanted_ TM_GUARDED_BY(mutex_) = false;
  bool files_changed_ TM_GUARDED_BY(mutex_) = false;
  int64_t looked_us_ TM_GUARDED_BY(mutex_) = 0;            // at the files
  std::optional<Error> last_error_ TM_GUARDED_BY(mutex_);  // of the last fetch, if it failed
  int64_t failed_us_ TM_GUARDED_BY(mutex_) = 0;            // and when
  int64_t outlive_until_us_ TM_GUARDED_BY(mutex_) = 0;     // expired ones are used without a new attempt
  bool outliving_reported_ TM_GUARDED_BY(mutex_) = false;
  std::thread thread_ TM_GUARDED_BY(mutex_);
};

// Whether `now` lies within `span` after `since`; a clock that was set back counts as "no".
template <typename Credentials>
bool Refresh<Credentials>::is_within(int64_t now_us, int64_t since_us, int64_t span_us) {
  return now_us >= since_us && now_us - since_us < span_us;
}

// The others wait for the thread that fetches, so no exception may skip its end.
template <typename Credentials>
Result<Fetched<Credentials>> Refresh<Credentials>::load(const Call& call) const {
  try {
    return hooks_.fetch(call, [&](const std::string& line) { log_.write(TIDEMARK_LOG_WARN, line); });
  } catch (const std::exception& e) {
    return fail(TIDEMARK_E_RETRYABLE, std::string("credentials: ") + e.what());
  }
}

template <typename Credentials>
Refresh<Credentials>::~Refresh() {
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

template <typename Credentials>
Result<Credentials> Refresh<Credentials>::get(const Call& call) {
  for (bool waits = false;;) {
    if (Status ok = call.check(); !ok) {
      if (waits)
        ok.error().message = "waiting for credentials that another call fetches: " + ok.error().message;
      return ok.error();
    }
    look_at_files();
    {
      const MutexLock lock(mutex_);
      const int64_t now_us = hooks_.now_us();
      const Need wanted = need(now_us);
      assert(current_ || wanted == Need::kNow);
      if (wanted == Need::kNone) return current_->credentials;
      // Without a thread a caller has to fetch, once there is no other time for it.
      if (wanted == Need::kSoon && (wake_thread() || !is_outliving(now_us))) return current_->credentials;
      if (is_held_back(now_us)) {
        if (is_usable(now_us)) return current_->credentials;
        return *last_error_;
      }
      if (in_flight_ && wanted != Need::kNow) return current_->credentials;
      if (in_flight_) {
        changed_.wait_ms(mutex_, kWaitMs);
        waits = true;
        continue;
      }
      in_flight_ = true;
    }
    TM_TRY(fetch(call));
  }
}

template <typename Credentials>
void Refresh<Credentials>::expired(const Credentials& credentials) {
  const MutexLock lock(mutex_);
  if (!current_ || !current_->credentials.is_same(credentials)) return;
  rejected_ = true;
  last_error_.reset();
}

template <typename Credentials>
typename Refresh<Credentials>::Need Refresh<Credentials>::need(int64_t now_us) const {
  if (!current_ || rejected_) return Need::kNow;
  if (is_outliving(now_us)) {
    if (files_changed_) return Need::kReload;
    return is_within(now_us, outlive_until_us_ - kOutliveMaxUs, kOutliveMaxUs) ? Need::kNone : Need::kSoon;
  }
  const int64_t expires_us = current_->credentials.expires_us;
  const int64_t left_us = expires_us == 0 ? INT64_MAX : expires_us - now_us;
  if (expires_us != 0 && left_us <= std::min(kNowUs, life_us_ / 4)) return Need::kNow;
  if (files_changed_) return Need::kReload;
  if (expires_us != 0 && left_us <= std::min(kSoonUs, life_us_ / 2)) return Need::kSoon;
  return Need::kNone;
}

template <typename Credentials>
bool Refresh<Credentials>::is_usable(int64_t now_us) const {
  if (!current_ || rejected_) return false;
  return current_->credentials.expires_us == 0 || now_us < current_->credentials.expires_us ||
         current_->outlive_expiry;
}

template <typename Credentials>
bool Refresh<Credentials>::is_outliving(int64_t now_us) const {
  return current_ && !rejected_ && current_->outlive_expiry && current_->credentials.expires_us != 0 &&
         now_us >= current_->credentials.expires_us;
}

// Whether a service still gives credentials that a store no longer takes.
template <typename Credentials>
bool Refresh<Credentials>::is_refused(const Found& found) const {
  return current_ && rejected_ && found.outlive_expiry && found.credentials.expires_us != 0 &&
         found.credentials.expires_us <= hooks_.now_us() && found.credentials.is_same(current_->credentials);
}

template <typename Credentials>
bool Refresh<Credentials>::is_held_back(int64_t now_us) const {
  return last_error_ && is_within(now_us, failed_us_, kRetryUs);
}

// Without the lock while the file system is asked: it may be a slow one.
template <typename Credentials>
void Refresh<Credentials>::look_at_files() {
  std::vector<FileStamp> files;
  {
    const MutexLock lock(mutex_);
    const int64_t now_us = hooks_.now_us();
    if (!current_ || files_changed_ || is_within(now_us, looked_us_, kLookUs)) return;
    looked_us_ = now_us;
    files = current_->files;
  }
  for (const FileStamp& stamp : files) {
    if (FileStamp::of(stamp.path) == stamp) continue;
    const MutexLock lock(mutex_);
    files_changed_ = current_->files == files;  // else they were loaded again meanwhile
    return;
  }
}

template <typename Credentials>
Status Refresh<Credentials>::fetch(const Call& call) {
  Result<Found> loaded = load(call);
  // A caller that was cancelled, or ran out of time, has not found out anything: the next one tries.
  const bool lost_patience = !loaded && !call.check();
  Line line;
  {
    const MutexLock lock(mutex_);
    assert(in_flight_);
    in_flight_ = false;
    if (loaded && is_refused(*loaded)) {
      loaded = fail(TIDEMARK_E_RETRYABLE, "those of " + loaded->from + " expired at " +
                                              format_iso_time(loaded->credentials.expires_us) +
                                              ", the store refuses them, and there are no others yet");
    }
    if (loaded) {
      line = take(std::move(*loaded));
    } else if (!lost_patience) {
      line = take_failure(std::move(loaded.error()));
    }
    changed_.notify_all();
  }
  if (!line.text.empty()) log_.write(line.level, line.text);
  if (lost_patience) return std::move(loaded.error());
  return {};
}

// These return a line for the log, or nothing.
template <typename Credentials>
typename Refresh<Credentials>::Line Refresh<Credentials>::take(Found found) {
  const bool news = !current_ || last_error_ || current_->from != found.from || files_changed_;
  const int64_t now_us = hooks_.now_us();
  const int64_t expires_us = found.credentials.expires_us;
  life_us_ = expires_us == 0 ? 0 : expires_us - now_us;
  current_ = std::move(found);
  rejected_ = false;
  files_changed_ = false;
  last_error_.reset();
  if (is_outliving(now_us)) return outlive("it gave these");
  outliving_reported_ = false;
  if (!news) return {};
  return {TIDEMARK_LOG_INFO, "credentials are from " + current_->from +
                                 (expires_us == 0 ? "" : ", good until " + format_iso_time(expires_us))};
}

template <typename Credentials>
typename Refresh<Credentials>::Line Refresh<Credentials>::take_failure(Error error) {
  // What worked once may work again.
  if (current_ && error.status == TIDEMARK_E_PERMANENT) error.status = TIDEMARK_E_RETRYABLE;
  failed_us_ = hooks_.now_us();
  const bool news = !last_error_ || last_error_->message != error.message;
  last_error_ = std::move(error);
  if (is_outliving(failed_us_)) return outlive(last_error_->message);
  if (!news || !is_usable(failed_us_)) return {};  // the caller gets to know it
  const int64_t expires_us = current_->credentials.expires_us;
  return {TIDEMARK_LOG_WARN,
          "no new credentials, the old ones are used" +
              (expires_us == 0 || current_->outlive_expiry ? std::string()
                                                           : " until " + format_iso_time(expires_us)) +
              ": " + last_error_->message};
}

// Logged once. The time is random, so that not all machines ask at once a service that has just come back.
template <typename Credentials>
typename Refresh<Credentials>::Line Refresh<Credentials>::outlive(const std::string& why) {
  const auto more_us = static_cast<int64_t>(hooks_.share() * (kOutliveMaxUs - kOutliveMinUs));
  outlive_until_us_ = hooks_.now_us() + kOutliveMinUs + more_us;
  if (std::exchange(outliving_reported_, true)) return {};
  return {TIDEMARK_LOG_WARN,
          "the credentials of " + current_->from + " expired at " +
              format_iso_time(current_->credentials.expires_us) +
              " and there are no new ones: they are used as long as the store takes them, and "
              "new ones are asked for every 5 to 10 minutes: " +
              why};
}

template <typename Credentials>
bool Refresh<Credentials>::wake_thread() {
  if (stopping_ || in_flight_ || is_held_back(hooks_.now_us())) return true;
  if (!thread_.joinable()) {
    const BlockedSignals blocked;
    try {
      thread_ = std::thread([this] { run_thread(); });
    } catch (const std::system_error&) {
      return false;
    }
  }
  thread_wanted_ = true;
  changed_.notify_all();
  return true;
}

template <typename Credentials>
void Refresh<Credentials>::run_thread() {
  pthread_setname_np(pthread_self(), hooks_.thread_name);
  const auto is_stopping = [](void* self) -> int32_t {
    return static_cast<Refresh*>(self)->stopping_ ? 1 : 0;
  };
  const tidemark_call raw = {sizeof raw, kThreadTimeoutMs, this, is_stopping};
  while (true) {
    {
      const MutexLock lock(mutex_);
      while (!thread_wanted_ && !stopping_) changed_.wait(mutex_);
      if (stopping_) return;
      thread_wanted_ = false;
      if (in_flight_ || need(hooks_.now_us()) == Need::kNone) continue;
      in_flight_ = true;
    }
    (void)fetch(Call(&raw, nullptr));
  }
}

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_REFRESH_H
