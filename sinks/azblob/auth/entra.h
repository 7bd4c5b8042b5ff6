// The token services: Entra
// (https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow), and what any
// of them answers.
//
// Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_ENTRA_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_ENTRA_H

#include <string>

#include "azblob/auth/credential_source.h"

namespace tidemark::sinks::azblob {

// Reads the answer of a token service and wipes it. THROTTLED, RETRYABLE or PERMANENT, with the service's own
// words.
Result<Credentials> read_token(Result<HttpAnswer> answer, const SourceContext& context);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_ENTRA_H
