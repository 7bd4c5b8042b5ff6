// An account becomes a token, and the machine's metadata server gives one.
//
// Any thread. One attempt each (of the metadata server two); nothing is kept.
#ifndef TIDEMARK_SINKS_GS_AUTH_EXCHANGE_H
#define TIDEMARK_SINKS_GS_AUTH_EXCHANGE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "gs/auth/account.h"
#include "gs/auth/token_answer.h"
#include "http/environment.h"
#include "http/request.h"

namespace tidemark::sinks::gs {

struct Exchange {
  const Fetch& fetch;
  const std::function<int64_t()>& now_us;  // unix time
  const Call& call;
  const Environment& environment;
};

// THROTTLED, RETRYABLE, PERMANENT or INVALID; names the service's host.
Result<Token> token_of(const Account& account, const Exchange& exchange);

// Of the machine's own service account, from `host` ("metadata.google.internal", or with a port), never
// through a proxy. Nothing, and why in *why: nobody answers there who is a metadata server.
Result<std::optional<Token>> token_of_machine(const std::string& host, const Exchange& exchange,
                                              std::string* why);

// Asks a service of the machine: with a short wait, twice at most, and never through a proxy, whose own
// answer it would be.
Result<HttpAnswer> ask_machine(HttpRequest request, const Exchange& exchange);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_EXCHANGE_H
