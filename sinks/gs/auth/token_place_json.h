// A TokenPlace is read.
//
// A function without state. Any thread.
#ifndef TIDEMARK_SINKS_GS_AUTH_TOKEN_PLACE_JSON_H
#define TIDEMARK_SINKS_GS_AUTH_TOKEN_PLACE_JSON_H

#include "base/result.h"
#include "gs/auth/token_place.h"
#include "http/json.h"

namespace tidemark::sinks::gs {

// INVALID, in words that go after a name, and without values that may be secrets.
Result<TokenPlace> read_token_place(const rapidjson::Value& source);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_TOKEN_PLACE_JSON_H
