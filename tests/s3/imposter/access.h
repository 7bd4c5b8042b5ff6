// Who may talk to the imposter: the accepted key and token, and every check of date, scope, digest and
// signature.
//
// Any thread.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_ACCESS_H
#define TIDEMARK_TESTS_S3_IMPOSTER_ACCESS_H

#include <ctime>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "config.h"
#include "imposter/request.h"

namespace imposter {

// An answer of S3 that says no.
struct Refusal {
  int status = 400;
  std::string code, message;
  Pairs details = {};  // further elements of the <Error>
  Pairs headers = {};
};

struct Keys {
  std::string access_key, secret_key, session_token;
};

class Access {
 public:
  explicit Access(Keys keys) : keys_(std::move(keys)) {}

  // Nothing: the request is whom it says it is from, and signed for `region`.
  std::optional<Refusal> check(const Request& request, const Config& config, const std::string& region,
                               std::time_t now) const;

  // From now on only these are accepted; what was accepted before has expired.
  void accept(Keys keys);
  // Makes up new keys, leaves them in `credentials_file` (if there is one), then accepts them.
  void rotate(const std::string& credentials_file);
  Keys keys() const;

 private:
  std::optional<Refusal> check_identity(const Request& request, const Config& config,
                                        const std::string& access_key, std::string* secret_key) const;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Keys keys_;
  std::set<std::string> old_tokens_;
  uint64_t rotations_ = 0;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_ACCESS_H
