#include "azblob/auth/credentials.h"

#include <utility>

namespace tidemark::sinks {

template class Refresh<azblob::Credentials>;

namespace azblob {

std::unique_ptr<CredentialsProvider> make_provider(CredentialOptions options, Fetch fetch, HostLog log,
                                                   CredentialEnvironment surroundings) {
  const auto chain =
      std::make_shared<const CredentialChain>(std::move(options), std::move(fetch), std::move(surroundings));
  return std::make_unique<CredentialsProvider>(
      RefreshHooks<Credentials>{"tm-az-creds",
                                [chain](const Call& call, const auto&) { return chain->load(call); },
                                [chain] { return chain->now_us(); }, [chain] { return chain->share(); }},
      log);
}

}  // namespace azblob
}  // namespace tidemark::sinks
