// The credentials a sink signs with, kept fresh as http/refresh.h says.
//
// From the first of these that applies, asked again at every refresh: the options; the environment; a web
// identity file; the shared config and credentials files; a container's endpoint; the instance metadata
// service (credential_source.h). If the options name a profile, only that is asked. Credentials of the last
// two are used after they expire while their service is down.
//
// Any thread.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIALS_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIALS_H

#include <memory>

#include "common/table.h"
#include "http/refresh.h"
#include "s3/auth/credential_chain.h"

namespace tidemark::sinks {

extern template class Refresh<s3::Credentials>;

namespace s3 {

using CredentialsProvider = Refresh<Credentials>;

// INVALID where the options contradict each other. Asks nobody yet.
Result<std::unique_ptr<CredentialsProvider>> make_provider(CredentialOptions options, Fetch fetch,
                                                           HostLog log,
                                                           CredentialEnvironment surroundings = {});

}  // namespace s3
}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIALS_H
