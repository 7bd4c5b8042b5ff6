// The sources of credentials, each a function that is called again at every refresh: it looks at its settings
// and gives credentials, or nothing and why it does not apply, or an Error if it applies but fails. Who set
// up a source wants to know that it is broken, and not to be signed in as somebody else.
//
// Any thread. A context lives as long as one walk along the chain.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_SOURCE_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_SOURCE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "azblob/auth/credential_options.h"
#include "azblob/auth/signer.h"
#include "http/credential_walk.h"
#include "http/small_file.h"

namespace tidemark::sinks::azblob {

struct SourceContext {
  const CredentialOptions& options;
  const Environment& environment;
  const Fetch& fetch;
  const std::function<int64_t()>& now_us;
  const Call& call;
  std::vector<FileStamp>* files;  // what was read and is worth a look before the credentials expire

  // The option, else the variable.
  std::string setting(const std::string& option, const char* variable) const {
    return option.empty() ? environment(variable) : option;
  }
};

using Answer = SourceAnswer<Credentials>;
using SourceResult = Result<Answer>;

inline Answer nothing(std::string why) { return {std::nullopt, std::move(why), false}; }
inline Answer found(Credentials credentials, std::string from) {
  return {std::move(credentials), std::move(from), false};
}

SourceResult from_options(const SourceContext& context);      // a key or a SAS
SourceResult from_environment(const SourceContext& context);  // AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN
// A client of Entra with a secret: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET.
SourceResult from_client_secret(const SourceContext& context);
// A client with a token of another issuer in AZURE_FEDERATED_TOKEN_FILE, read anew at every exchange.
SourceResult from_workload_identity(const SourceContext& context);
// The endpoint of App Service or of Azure Arc (IDENTITY_ENDPOINT), or that of a machine.
SourceResult from_managed_identity(const SourceContext& context);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_SOURCE_H
