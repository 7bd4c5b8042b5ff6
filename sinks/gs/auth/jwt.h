// JSON Web Tokens that a service account signs for itself (RFC 7515, 7519; RS256).
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_GS_AUTH_JWT_H
#define TIDEMARK_SINKS_GS_AUTH_JWT_H

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sinks::gs {

// Base64 with '-' and '_', and without '=' at the end (RFC 4648, 5).
std::string base64url(std::string_view bytes);

// INVALID, in words that go after a name, unless `pem` is an RSA key that needs no password.
Status check_private_key(std::string_view pem);

// Signed: header (with `key_id`, where there is one) and `claims`, which is a JSON object. INVALID as above;
// RETRYABLE if OpenSSL fails.
Result<std::string> sign_jwt(std::string_view claims, std::string_view key_id, std::string_view pem);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_JWT_H
