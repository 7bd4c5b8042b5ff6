// The environment of the process as a function, so that a test has its own. Any thread, as long as the host
// does not change its environment meanwhile.
#ifndef TIDEMARK_SINKS_HTTP_ENVIRONMENT_H
#define TIDEMARK_SINKS_HTTP_ENVIRONMENT_H

#include <functional>
#include <string>

namespace tidemark::sinks {

using Environment = std::function<std::string(const char* name)>;  // empty: not set

Environment process_environment();

// HOME, or the user's directory as the system knows it; empty if there is neither.
std::string home_directory(const Environment& environment);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_ENVIRONMENT_H
