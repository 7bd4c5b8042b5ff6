// The token of somebody whom another service vouches for: fetched anew for each exchange, because its owner
// replaces it long before it expires.
//
// Any thread; nothing is kept.
#ifndef TIDEMARK_SINKS_GS_AUTH_SUBJECT_H
#define TIDEMARK_SINKS_GS_AUTH_SUBJECT_H

#include "gs/auth/exchange.h"

namespace tidemark::sinks::gs {

// From a file, a url, a program, or as a request to AWS that is signed. THROTTLED, RETRYABLE, PERMANENT or
// INVALID; names the place.
Result<Secret> subject_token(const Account& account, const Exchange& exchange);

// The last of these: GetCallerIdentity, as it would be sent, in JSON. With the keys of AWS_ACCESS_KEY_ID … or
// of the machine's role, in the region of AWS_REGION, AWS_DEFAULT_REGION or the machine.
Result<Secret> signed_caller_identity(const Account& account, const Exchange& exchange);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_SUBJECT_H
