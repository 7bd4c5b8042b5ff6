// Errors as values inside the plugin, and their conversion at the ABI.
//
// Any thread. An Error owns its text; nothing here throws (beyond bad_alloc).
#ifndef TIDEMARK_UTIL_RESULT_H
#define TIDEMARK_UTIL_RESULT_H

#include <tidemark/base.h>
#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tidemark {

struct Error {
  tidemark_status status = TIDEMARK_E_PERMANENT;
  int sys_errno = 0;
  int http_status = 0;
  uint32_t retry_after_ms = 0;
  std::string code;     // the far side's own word, e.g. "SlowDown"
  std::string message;  // one line that names the culprit and, where there is one, the remedy
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

tl::unexpected<Error> fail(tidemark_status status, std::string message);

// Of an entry or another file that is not the sink's; base/errno_status.h says what becomes of each errno.
// The message is "<what>: <text of the errno>".
tl::unexpected<Error> fail_errno(int sys_errno, std::string_view what);

// Writes `error` into a caller-owned struct of the ABI (NULL is fine, a shorter struct too) and returns
// its status: the one place where an Error crosses outward. The message becomes one clean line; one that is
// too long loses its middle.
tidemark_status to_abi(const Error& error, tidemark_error* out);

// An empty struct to hand to a callee, and what the callee made of it. `where` goes before its message.
tidemark_error empty_abi_error();
Error from_abi(tidemark_status status, const tidemark_error& error, std::string_view where);

inline std::string_view view(tidemark_str s) {
  return s.size ? std::string_view(s.data, s.size) : std::string_view();
}
inline tidemark_str abi_str(std::string_view s) { return {s.data(), s.size()}; }

// What the ABI says of a status nobody knows: 100 and above are worth a retry.
inline bool is_retryable(tidemark_status status) { return status >= 100; }

}  // namespace tidemark

#endif  // TIDEMARK_UTIL_RESULT_H
