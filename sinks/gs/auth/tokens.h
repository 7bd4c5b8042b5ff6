// The token that requests are made with, kept fresh as http/refresh.h says: from the first of these that
// applies, looked for again at every refresh: option credentials_file, GOOGLE_APPLICATION_CREDENTIALS,
// gcloud's application_default_credentials.json, the machine's metadata server.
//
// Any thread.
#ifndef TIDEMARK_SINKS_GS_AUTH_TOKENS_H
#define TIDEMARK_SINKS_GS_AUTH_TOKENS_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/wall_clock.h"
#include "common/table.h"
#include "gs/auth/account.h"
#include "gs/auth/token_answer.h"
#include "http/credential_walk.h"

namespace tidemark::sinks {

extern template class Refresh<gs::Token>;

namespace gs {

struct TokenOptions {
  std::string credentials_file = {};
  bool asks_metadata = true;  // unless NO_GCE_CHECK says no
  bool anonymous = false;     // no token at all
};

using TokenProvider = Refresh<Token>;

// The account that the options, the environment or gcloud name. Nothing: none of them does, and *why says so.
// INVALID: a file is named and cannot be used, or the option names one that others can read or write.
struct FoundAccount {
  Account account;
  std::string from;
  FileStamp file;
  std::string remark = {};  // others can read or write the file; empty: they cannot
};
Result<std::optional<FoundAccount>> find_account(const TokenOptions& options, const Environment& environment,
                                                 std::string* why);

// Asks nobody yet.
std::unique_ptr<TokenProvider> make_provider(TokenOptions options, Fetch fetch, HostLog log,
                                             CredentialEnvironment surroundings = {});

}  // namespace gs
}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_GS_AUTH_TOKENS_H
