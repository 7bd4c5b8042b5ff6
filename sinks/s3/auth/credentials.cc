#include "s3/auth/credentials.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include "base/blocked_signals.h"
#include "http/iso_time.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int64_t kSoonUs = 15 * 60 * kUsPerSecond;
constexpr int64_t kNowUs = 5 * 60 * kUsPerSecond;
constexpr int64_t kLookUs = kUsPerSecond;
constexpr int64_t kRetryUs = 5 * kUsPerSecond;  // after a failure nobody asks again that long
constexpr int64_t kOutliveMinUs =
    5 * 60 * kUsPerSecond;  // from one attempt to the next while a service is down
constexpr int64_t kOutliveMaxUs = 10 * 60 * kUsPerSecond;
constexpr uint32_t kWaitMs = 50;  // for somebody else's fetch, between looks at our own call
constexpr uint32_t kThreadTimeoutMs = 120'000;

// Whether `now` lies within `span` after `since`; a clock that was set back counts as "no".
bool is_within(int64_t now_us, int64_t since_us, int64_t span_us) {
  return now_us >= since_us && now_us - since_us < span_us;
}

// Whoever fetches owes the others an end, so nothing may be thrown past it.
Result<CredentialChain::Found> load(const CredentialChain& chain, const HostLog& log, const Call& call) {
  try {
    return chain.load(call, [&](const std::string& line) { log.write(TIDEMARK_LOG_WARN, line); });
  } catch (const std::exception& e) {
    return fail(TIDEMARK_E_RETRYABLE, std::string("credentials: ") + e.what());
  }
}

}  // namespace

CredentialsProvider::CredentialsProvider(CredentialOptions options, Fetch fetch, HostLog log,
                                         CredentialEnvironment surroundings)
    : chain_(std::move(options), std::move(fetch), std::move(surroundings)), log_(log) {}

Result<std::unique_ptr<CredentialsProvider>> CredentialsProvider::make(CredentialOptions options, Fetch fetch,
                                                                       HostLog log,
                                                                       CredentialEnvironment surroundings) {
  if (options.access_key_id.empty() != options.secret_access_key.empty()) {
    return fail(TIDEMARK_E_INVALID,
                "options \"access_key_id\" and \"secret_access_key\" belong together; give both or neither");
  }
  if (!options.session_token.empty() && options.access_key_id.empty()) {
    return fail(TIDEMARK_E_INVALID, "option \"session_token\" belongs to an \"access_key_id\"");
  }
  if (!options.profile.empty() && !options.access_key_id.empty()) {
    return fail(TIDEMARK_E_INVALID, "give either option \"profile\" or option \"access_key_id\", not both");
  }
  return std::unique_ptr<CredentialsProvider>(
      new CredentialsProvider(std::move(options), std::move(fetch), log, std::move(surroundings)));
}

CredentialsProvider::~CredentialsProvider() {
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

Result<Credentials> CredentialsProvider::get(const Call& call) {
  for (bool waits = false;;) {
    if (Status ok = call.check(); !ok) {
      if (waits)
        ok.error().message = "waiting for credentials that another call fetches: " + ok.error().message;
      return ok.error();
    }
    look_at_files();
    {
      const MutexLock lock(mutex_);
      const int64_t now_us = chain_.now_us();
      const Need wanted = need(now_us);
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

void CredentialsProvider::expired(const Credentials& credentials) {
  const MutexLock lock(mutex_);
  if (!current_ || current_->credentials.access_key_id != credentials.access_key_id ||
      !(current_->credentials.session_token == credentials.session_token)) {
    return;
  }
  rejected_ = true;
  last_error_.reset();
}

CredentialsProvider::Need CredentialsProvider::need(int64_t now_us) const {
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

bool CredentialsProvider::is_usable(int64_t now_us) const {
  if (!current_ || rejected_) return false;
  return current_->credentials.expires_us == 0 || now_us < current_->credentials.expires_us ||
         current_->outlive_expiry;
}

bool CredentialsProvider::is_outliving(int64_t now_us) const {
  return current_ && !rejected_ && current_->outlive_expiry && current_->credentials.expires_us != 0 &&
         now_us >= current_->credentials.expires_us;
}

// Whether a service still gives what a store took no more.
bool CredentialsProvider::is_refused(const CredentialChain::Found& found) const {
  return current_ && rejected_ && found.outlive_expiry && found.credentials.expires_us != 0 &&
         found.credentials.expires_us <= chain_.now_us() &&
         found.credentials.access_key_id == current_->credentials.access_key_id &&
         found.credentials.session_token == current_->credentials.session_token;
}

bool CredentialsProvider::is_held_back(int64_t now_us) const {
  return last_error_ && is_within(now_us, failed_us_, kRetryUs);
}

// Without the lock while the file system is asked: it may be a slow one.
void CredentialsProvider::look_at_files() {
  std::vector<FileStamp> files;
  {
    const MutexLock lock(mutex_);
    const int64_t now_us = chain_.now_us();
    if (!current_ || files_changed_ || is_within(now_us, looked_us_, kLookUs)) return;
    looked_us_ = now_us;
    files = current_->files;
  }
  for (const FileStamp& stamp : files) {
    if (FileStamp::of(stamp.path) == stamp) continue;
    const MutexLock lock(mutex_);
    files_changed_ = current_->files == files;  // else they were loaded anew meanwhile
    return;
  }
}

Status CredentialsProvider::fetch(const Call& call) {
  Result<CredentialChain::Found> loaded = load(chain_, log_, call);
  // Who is cancelled, or out of time, has not found out anything: the next one tries.
  const bool lost_patience = !loaded && !call.check();
  Line line;
  {
    const MutexLock lock(mutex_);
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

// These give what is worth a line in the log.
CredentialsProvider::Line CredentialsProvider::take(CredentialChain::Found found) {
  const bool news = !current_ || last_error_ || current_->from != found.from || files_changed_;
  const int64_t now_us = chain_.now_us();
  const int64_t expires_us = found.credentials.expires_us;
  life_us_ = expires_us == 0 ? 0 : expires_us - now_us;
  current_ = std::move(found);
  rejected_ = false;
  files_changed_ = false;
  last_error_.reset();
  if (is_outliving(now_us)) return outlive("it gave these");
  outliving_told_ = false;
  if (!news) return {};
  return {TIDEMARK_LOG_INFO, "credentials are from " + current_->from +
                                 (expires_us == 0 ? "" : ", good until " + format_iso_time(expires_us))};
}

CredentialsProvider::Line CredentialsProvider::take_failure(Error error) {
  // What worked once may work again.
  if (current_ && error.status == TIDEMARK_E_PERMANENT) error.status = TIDEMARK_E_RETRYABLE;
  failed_us_ = chain_.now_us();
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

// Said once; not all machines at the same time ask a service that has just come back.
CredentialsProvider::Line CredentialsProvider::outlive(const std::string& why) {
  const auto more_us = static_cast<int64_t>(chain_.share() * (kOutliveMaxUs - kOutliveMinUs));
  outlive_until_us_ = chain_.now_us() + kOutliveMinUs + more_us;
  if (std::exchange(outliving_told_, true)) return {};
  return {TIDEMARK_LOG_WARN,
          "the credentials of " + current_->from + " expired at " +
              format_iso_time(current_->credentials.expires_us) +
              " and there are no new ones: they are used as long as the store takes them, and "
              "new ones are asked for every 5 to 10 minutes: " +
              why};
}

bool CredentialsProvider::wake_thread() {
  if (stopping_ || in_flight_ || is_held_back(chain_.now_us())) return true;
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

void CredentialsProvider::run_thread() {
  pthread_setname_np(pthread_self(), "tm-s3-creds");
  const auto is_stopping = [](void* self) -> int32_t {
    return static_cast<CredentialsProvider*>(self)->stopping_ ? 1 : 0;
  };
  const tidemark_call raw = {sizeof raw, kThreadTimeoutMs, this, is_stopping};
  while (true) {
    {
      const MutexLock lock(mutex_);
      while (!thread_wanted_ && !stopping_) changed_.wait(mutex_);
      if (stopping_) return;
      thread_wanted_ = false;
      if (in_flight_ || need(chain_.now_us()) == Need::kNone) continue;
      in_flight_ = true;
    }
    (void)fetch(Call(&raw, nullptr));
  }
}

}  // namespace tidemark::sinks::s3
