// Where a secret may be sent: over https to anybody that the user names, without it to this machine alone.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_GS_AUTH_SECRET_URL_H
#define TIDEMARK_SINKS_GS_AUTH_SECRET_URL_H

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/endpoint.h"

namespace tidemark::sinks::gs {

// INVALID, without the text, unless it is the url of such a place.
Result<Endpoint> parse_secret_url(std::string_view url);

// A service of this machine alone: it itself, or the addresses of metadata services. Never asked through a
// proxy, and without TLS because it has none.
bool is_of_machine(const Endpoint& endpoint);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_SECRET_URL_H
