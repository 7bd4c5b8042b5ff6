// The credentials that a sink proves itself with, kept fresh as http/refresh.h says.
//
// From the first of these that applies, asked again at every refresh: the options; the environment; a client
// of Entra with a secret; one with a token of another issuer; the identity that the machine has
// (credential_source.h). Tokens of the last are used after they expire while its service is down.
//
// Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIALS_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIALS_H

#include <memory>

#include "azblob/auth/credential_chain.h"
#include "common/table.h"
#include "http/refresh.h"

namespace tidemark::sinks {

extern template class Refresh<azblob::Credentials>;

namespace azblob {

using CredentialsProvider = Refresh<Credentials>;

// Asks nobody yet.
std::unique_ptr<CredentialsProvider> make_provider(CredentialOptions options, Fetch fetch, HostLog log,
                                                   CredentialEnvironment surroundings = {});

}  // namespace azblob
}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_CREDENTIALS_H
