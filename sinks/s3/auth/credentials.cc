#include "s3/auth/credentials.h"

#include <utility>

namespace tidemark::sinks {

template class Refresh<s3::Credentials>;

namespace s3 {

Result<std::unique_ptr<CredentialsProvider>> make_provider(CredentialOptions options, Fetch fetch,
                                                           HostLog log, CredentialEnvironment surroundings) {
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
  const auto chain =
      std::make_shared<const CredentialChain>(std::move(options), std::move(fetch), std::move(surroundings));
  return std::make_unique<CredentialsProvider>(
      RefreshHooks<Credentials>{
          "tm-s3-creds", [chain](const Call& call, const auto& report) { return chain->load(call, report); },
          [chain] { return chain->now_us(); }, [chain] { return chain->share(); }},
      log);
}

}  // namespace s3
}  // namespace tidemark::sinks
