#include "azblob/auth/credential_source.h"

#include "azblob/auth/account_key.h"

namespace tidemark::sinks::azblob {

SourceResult from_options(const SourceContext& context) {
  const CredentialOptions& options = context.options;
  if (!options.account_key.empty()) {
    return found({Credentials::Kind::kSharedKey, options.account, options.account_key},
                 options.account_key_from);
  }
  if (!options.sas_token.empty()) {
    return found({Credentials::Kind::kSas, options.account, options.sas_token}, options.sas_token_from);
  }
  return nothing("neither account_key nor sas_token is given");
}

SourceResult from_environment(const SourceContext& context) {
  std::string key = context.environment("AZURE_STORAGE_KEY");
  std::string sas = context.environment("AZURE_STORAGE_SAS_TOKEN");
  if (key.empty() && sas.empty()) return nothing("AZURE_STORAGE_KEY and AZURE_STORAGE_SAS_TOKEN are not set");
  const bool is_key = !key.empty();  // first, as in Azure's own tool
  Result<Secret> secret =
      is_key ? decode_account_key(key, "AZURE_STORAGE_KEY") : check_sas(sas, "AZURE_STORAGE_SAS_TOKEN");
  wipe(&key);
  wipe(&sas);
  if (!secret) return secret.error();
  if (is_key && context.options.account.empty()) {
    return fail(TIDEMARK_E_INVALID, "AZURE_STORAGE_KEY is set, but not whose key it is: set account");
  }
  return found({is_key ? Credentials::Kind::kSharedKey : Credentials::Kind::kSas, context.options.account,
                std::move(*secret)},
               is_key ? "AZURE_STORAGE_KEY" : "AZURE_STORAGE_SAS_TOKEN");
}

}  // namespace tidemark::sinks::azblob
