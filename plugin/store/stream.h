// Reading one object front to back within one host's call, for the other files of this folder.
#ifndef TIDEMARK_STORE_STREAM_H
#define TIDEMARK_STORE_STREAM_H

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/call.h"
#include "base/result.h"
#include "format/object_name.h"
#include "sink/sink.h"

namespace tidemark::store {

// INVALID with the key, cut to what fits a message.
Result<ParsedKey> parse_key(std::string_view key);

// The error with the key before its message.
Error about(std::string_view key, Error error);

// Reads an object, or a range of it, through a function that gets its pieces and may stop it with an error.
Status stream(sink::Sink& sink, std::string_view key, int64_t offset, uint64_t size, const Call& deadline,
              const std::function<Status(std::span<const uint8_t>)>& take);

// Gets, on the caller's thread and after each piece, how much of the object was read so far; may be empty.
using Progress = std::function<void(uint64_t read_bytes)>;

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_STREAM_H
