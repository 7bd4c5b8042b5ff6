// Tokens as Entra and the endpoints of machines give them: a JSON object.
//
// Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_TOKEN_JSON_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_TOKEN_JSON_H

#include <cstdint>
#include <string>

#include "azblob/auth/signer.h"

namespace tidemark::sinks::azblob {

// "access_token", and "expires_in" (seconds, a number or a text) or "expires_on" (unix time). Wipes `text`.
// The message of an error has names of members in it, never values.
Result<Credentials> token_from_json(std::string* text, int64_t now_us);

// What a service answered instead, in one short line: "error" and the first line of "error_description"; both
// may be missing, or nested ("error": {"code", "message"}).
struct TokenError {
  std::string code;
  std::string message;
};
TokenError error_from_json(const std::string& text);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_TOKEN_JSON_H
