// The rules of sink.h for keys. Any thread.
#ifndef TIDEMARK_SINKS_COMMON_KEY_H
#define TIDEMARK_SINKS_COMMON_KEY_H

#include <string_view>

#include "base/result.h"

namespace tidemark::sinks {

// INVALID with the reason, unless `key` is one that a sink must take.
Status check_key(std::string_view key);

// May `part` stand between two '/' of a key?
bool is_key_part(std::string_view part);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_KEY_H
