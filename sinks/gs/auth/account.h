// A file with credentials, as Google's console and gcloud write them
// (https://google.aip.dev/auth/4110, /4112, /4117).
//
// Plain values and functions without state. Any thread.
#ifndef TIDEMARK_SINKS_GS_AUTH_ACCOUNT_H
#define TIDEMARK_SINKS_GS_AUTH_ACCOUNT_H

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "gs/auth/token_place.h"

namespace tidemark::sinks::gs {

inline constexpr char kGoogleUniverse[] = "googleapis.com";

struct Account {
  enum class Kind : uint8_t { kServiceAccount, kAuthorizedUser, kExternalAccount };
  Kind kind = Kind::kServiceAccount;
  std::string token_url;                   // where it becomes a token
  std::string universe = kGoogleUniverse;  // the domain of its cloud; Google's own or a sovereign one

  // Of a service account.
  std::string email, key_id;
  Secret private_key;  // PEM

  // Of a user.
  std::string client_id;
  Secret client_secret, refresh_token;

  // Of somebody whom another service vouches for.
  std::string audience, token_type;
  TokenPlace place;  // of that service's token
  std::string impersonation_url;
  uint64_t lifetime_s = 3600;  // of the token of who is impersonated

  std::string text() const;  // for the log
};

// Wipes `text`. INVALID names the member that is wrong, and no value but that of "type".
Result<Account> parse_account(std::string* text);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_ACCOUNT_H
