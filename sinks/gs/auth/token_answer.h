// A token, and how services that give them answer.
//
// Plain values and functions without state. Any thread.
#ifndef TIDEMARK_SINKS_GS_AUTH_TOKEN_ANSWER_H
#define TIDEMARK_SINKS_GS_AUTH_TOKEN_ANSWER_H

#include <cstdint>
#include <string>

#include "base/secret.h"
#include "http/request.h"

namespace tidemark::sinks::gs {

struct Token {
  Secret bearer;           // empty: nobody in particular asks
  int64_t expires_us = 0;  // unix time; 0: never

  bool is_same(const Token& other) const { return bearer == other.bearer; }
};

// An answer of 200 with "access_token" and "expires_in" (RFC 6749, 5.1), or with "accessToken" and
// "expireTime", as impersonation has it. Wipes its text. RETRYABLE: it is something else.
Result<Token> token_from(HttpAnswer* answer, int64_t now_us);

// Any other answer as an error: THROTTLED, RETRYABLE or PERMANENT, with its HTTP status and its own words, if
// it has any.
Error refusal_of(const HttpAnswer& answer);

// The member `name` of a JSON object that somebody left in a file; wipes the text. INVALID without it.
Result<Secret> secret_member(std::string* text, const std::string& name);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_TOKEN_ANSWER_H
