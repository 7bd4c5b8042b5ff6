// The error for what somebody wrote: a url, an option, a file of credentials. Any thread.
#ifndef TIDEMARK_SINKS_COMMON_INVALID_H
#define TIDEMARK_SINKS_COMMON_INVALID_H

#include <string>
#include <utility>

#include "base/result.h"

namespace tidemark::sinks {

// The message names the culprit and says what would be right.
inline Error invalid(std::string message) { return fail(TIDEMARK_E_INVALID, std::move(message)); }

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_INVALID_H
