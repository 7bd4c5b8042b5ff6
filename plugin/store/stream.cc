#include "store/stream.h"

#include <string>

namespace tidemark::store {

Result<ParsedKey> parse_key(std::string_view key) {
  const auto parsed = parse_object_key(key);
  if (!parsed) {
    return fail(TIDEMARK_E_INVALID, "'" + std::string(key.substr(0, 200)) +
                                        "' is not the key of an archive (<storage>/<partition>/<LSN>.tar)");
  }
  return *parsed;
}

Error about(std::string_view key, Error error) {
  error.message = std::string(key) + ": " + error.message;
  return error;
}

Status stream(sink::Sink& sink, std::string_view key, int64_t offset, uint64_t size, const Call& deadline,
              const std::function<Status(std::span<const uint8_t>)>& take) {
  TM_ASSIGN(const auto call, deadline.next_call());
  Status taken;
  Status got = sink.get(
      key, offset, size,
      [&](const void* data, size_t count) {
        taken = deadline.check();
        if (taken) taken = take({static_cast<const uint8_t*>(data), count});
        return taken.has_value();
      },
      &call);
  return taken ? got : taken;
}

}  // namespace tidemark::store
