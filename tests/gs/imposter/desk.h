// The desk where tokens are given out: the token service (a signed JWT, a refresh token), the exchange for
// somebody else's token, impersonation, and the machine's metadata server.
//
// Any thread.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_DESK_H
#define TIDEMARK_TESTS_GS_IMPOSTER_DESK_H

#include <atomic>
#include <cstdint>
#include <ctime>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "config.h"
#include "imposter/request.h"

namespace imposter {

inline constexpr char kTokenPath[] = "/token";
inline constexpr char kExchangePath[] = "/v1/token";
inline constexpr char kImpersonatePath[] = "/v1/projects/-/serviceAccounts/other:generateAccessToken";
inline constexpr char kMachinePath[] = "/computeMetadata/v1/instance/service-accounts/default/token";

class Desk {
 public:
  static bool knows(const Request& request);
  // `origin` is what the service account was told as "token_uri", without its path.
  Response answer(const Request& request, const std::string& body, const Config& config,
                  const std::string& origin);
  // A visit of the metadata server, which takes its time: how many are there at once.
  void enter() { is_crowded_ = ++visitors_ > 1 || is_crowded_; }
  void leave() { --visitors_; }
  bool was_crowded() const { return is_crowded_; }

  bool is_good(const std::string& token) const;
  void revoke_all();
  uint64_t given() const { return given_; }  // tokens, by anybody
  std::string last_claims() const;           // of the last JWT that was right

 private:
  Response give(int64_t life_s, bool impersonated);
  Response of_form(const Pairs& form, const Config& config, const std::string& origin);
  Response of_jwt(const std::string& jwt, const Config& config, const std::string& origin);
  Response of_exchange(const Pairs& form, const Config& config);
  Response impersonate(const Request& request, const std::string& body);
  Response of_machine(const Request& request, const Config& config);

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, std::time_t> tokens_;  // with their ends
  std::string last_claims_;
  std::atomic<uint64_t> given_{0};
  std::atomic<int> visitors_{0};
  std::atomic<bool> is_crowded_{false};
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_DESK_H
