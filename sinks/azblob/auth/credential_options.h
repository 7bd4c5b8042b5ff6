// What a sink's options say about credentials, and about the services of Azure that may be asked for them.
// Plain values.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_OPTIONS_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_OPTIONS_H

#include <string>

#include "base/secret.h"

namespace tidemark::sinks::azblob {

// One way to prove who asks is said by options at most: a key, a signature, or a client of Entra.
struct CredentialOptions {
  std::string account = {};  // whose the key is
  Secret account_key = {};   // decoded
  std::string account_key_from = {};
  Secret sas_token = {};  // a query, without its '?'
  std::string sas_token_from = {};
  std::string tenant_id = {};  // empty: AZURE_TENANT_ID; likewise the others
  std::string client_id = {};
  Secret client_secret = {};
  std::string federated_token_file = {};
  std::string authority_host = {};
  std::string default_authority = "https://login.microsoftonline.com";  // of the cloud that is asked
  bool use_managed_identity = true;
};

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_OPTIONS_H
