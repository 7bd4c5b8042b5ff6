// The sources of credential_source.h in their order. The first one that applies decides, by giving
// credentials or by failing.
//
// Any thread; immutable. Keeps nothing of what it finds.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_CHAIN_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_CHAIN_H

#include <cstdint>
#include <functional>

#include "azblob/auth/credential_source.h"
#include "http/credential_walk.h"

namespace tidemark::sinks::azblob {

class CredentialChain {
 public:
  CredentialChain(CredentialOptions options, Fetch fetch, CredentialEnvironment surroundings);

  using Found = Fetched<Credentials>;
  // PERMANENT if no source applies, with all of them and their reasons in the message. Never a status that
  // would say something about an object: NOT_FOUND, EXISTS, NO_SPACE.
  Result<Found> load(const Call& call) const;

  int64_t now_us() const { return surroundings_.now_us(); }
  double share() const { return surroundings_.share(); }

 private:
  const CredentialOptions options_;
  const Fetch fetch_;
  const CredentialEnvironment surroundings_;
};

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIAL_CHAIN_H
