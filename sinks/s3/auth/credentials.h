// The credentials a sink signs with, kept fresh.
//
// From the first of these that applies, asked anew at every refresh: the options; the environment; a web
// identity file; the shared config and credentials files; a container's endpoint; the instance metadata
// service (credential_source.h). A profile named in the options is taken without a look at the others.
//
// Fresh means: 15 minutes before they expire a thread of ours fetches new ones while the old are still used;
// 5 minutes before, callers wait for new ones, and one of them fetches; if that fails, the old are used until
// they expire. Of credentials that live shorter it is half and a quarter of their life. Those of a
// container's or a machine's service are used after that too (what the SDKs call static stability): while the
// service is down, a store decides what it takes. Then the thread asks again every 5 to 10 minutes. The
// shared files are looked at once a second, and when one of them changed, the caller who saw it loads again.
//
// get() and expired() may be called by any thread. The thread exists from the first credentials
// that expire; the destructor cancels what it does and joins it.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIALS_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIALS_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "common/table.h"
#include "s3/auth/credential_chain.h"

namespace tidemark::sinks::s3 {

class CredentialsProvider {
 public:
  // INVALID where the options contradict each other. Asks nobody yet.
  static Result<std::unique_ptr<CredentialsProvider>> make(CredentialOptions options, Fetch fetch,
                                                           HostLog log,
                                                           CredentialEnvironment surroundings = {});
  ~CredentialsProvider();
  CredentialsProvider(const CredentialsProvider&) = delete;
  CredentialsProvider& operator=(const CredentialsProvider&) = delete;

  // Good for this moment: to be asked before every attempt. CANCELLED, THROTTLED, RETRYABLE, or PERMANENT,
  // which only is said before there have been any credentials.
  Result<Credentials> get(const Call& call) TM_EXCLUDES(mutex_);

  // A store said that these have expired: the next get() fetches others first, whatever the clock says. Does
  // nothing if others are in use already.
  void expired(const Credentials& credentials) TM_EXCLUDES(mutex_);

 private:
  CredentialsProvider(CredentialOptions options, Fetch fetch, HostLog log,
                      CredentialEnvironment surroundings);

  enum class Need {
    kNone,
    kSoon,    // the thread fetches
    kReload,  // a file changed: one caller fetches, the others go on with what there is
    kNow,     // one caller fetches, the others wait
  };
  Need need(int64_t now_us) const TM_REQUIRES(mutex_);
  bool is_usable(int64_t now_us) const TM_REQUIRES(mutex_);
  bool is_outliving(int64_t now_us) const TM_REQUIRES(mutex_);  // used although expired
  bool is_refused(const CredentialChain::Found& found) const TM_REQUIRES(mutex_);
  bool is_held_back(int64_t now_us) const TM_REQUIRES(mutex_);
  void look_at_files() TM_EXCLUDES(mutex_);
  // By whoever set in_flight_. An error is the call's own, with what it waited for.
  Status fetch(const Call& call) TM_EXCLUDES(mutex_);
  struct Line {
    int32_t level = TIDEMARK_LOG_WARN;
    std::string text = {};  // empty: nothing to say
  };
  Line take(CredentialChain::Found found) TM_REQUIRES(mutex_);
  Line take_failure(Error error) TM_REQUIRES(mutex_);
  Line outlive(const std::string& why) TM_REQUIRES(mutex_);
  bool wake_thread() TM_REQUIRES(mutex_);  // false: there is none to be had
  void run_thread() TM_EXCLUDES(mutex_);

  const CredentialChain chain_;
  const HostLog log_;
  std::atomic<bool> stopping_ = false;

  Mutex mutex_;
  CondVar changed_;  // in_flight_, thread_wanted_, stopping_
  std::optional<CredentialChain::Found> current_ TM_GUARDED_BY(mutex_);
  int64_t life_us_ TM_GUARDED_BY(mutex_) = 0;     // what was left of them when they were fetched
  bool rejected_ TM_GUARDED_BY(mutex_) = false;   // by a store
  bool in_flight_ TM_GUARDED_BY(mutex_) = false;  // somebody fetches
  bool thread_wanted_ TM_GUARDED_BY(mutex_) = false;
  bool files_changed_ TM_GUARDED_BY(mutex_) = false;
  int64_t looked_us_ TM_GUARDED_BY(mutex_) = 0;            // at the files
  std::optional<Error> last_error_ TM_GUARDED_BY(mutex_);  // of the last fetch, if it failed
  int64_t failed_us_ TM_GUARDED_BY(mutex_) = 0;            // and when
  int64_t outlive_until_us_ TM_GUARDED_BY(mutex_) = 0;     // expired ones are used without a new attempt
  bool outliving_told_ TM_GUARDED_BY(mutex_) = false;
  std::thread thread_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIALS_H
