// The sources of credential_source.h in their order. The first one that applies decides, by giving
// credentials or by failing.
//
// Any thread; immutable. Keeps nothing of what it finds.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_CHAIN_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_CHAIN_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "http/credential_walk.h"
#include "s3/auth/credential_source.h"

namespace tidemark::sinks::s3 {

class CredentialChain {
 public:
  CredentialChain(CredentialOptions options, Fetch fetch, CredentialEnvironment surroundings);

  using Found = Fetched<Credentials>;
  // PERMANENT if no source applies, with all of them and their reasons in the message. Never a status that
  // would say something about an object: NOT_FOUND, EXISTS, NO_SPACE.
  // `report` gets a line about what is waited for.
  Result<Found> load(const Call& call, const std::function<void(const std::string&)>& report = {}) const;

  int64_t now_us() const { return surroundings_.now_us(); }
  double share() const { return surroundings_.share(); }

 private:
  const CredentialOptions options_;
  const Fetch fetch_;
  const CredentialEnvironment surroundings_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_CHAIN_H
