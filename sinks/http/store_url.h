// What urls of sinks have in common whose keys are names in a store: the prefix that all of them have there.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_HTTP_STORE_URL_H
#define TIDEMARK_SINKS_HTTP_STORE_URL_H

#include <string>
#include <string_view>

#include "base/result.h"
#include "common/url.h"

namespace tidemark::sinks {

// The prefix that a url's path names, written without its last '/' or with it: "" for "" and "/", which are
// the bucket itself; else with a '/' at its end. INVALID: it is not a prefix of keys, it leaves them no room
// in the 1,024 bytes of a name, or no store keeps such names.
Result<std::string> parse_prefix(std::string_view path);

// INVALID if the query has a secret that no option there is known to be: a password in "proxy".
Status check_proxy(const Url& url);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_STORE_URL_H
