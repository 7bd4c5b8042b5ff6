// Errors as values inside a sink, and their way out through the ABI.
//
// Any thread. An Error owns its text.
#ifndef TIDEMARK_SINKS_COMMON_ERROR_H
#define TIDEMARK_SINKS_COMMON_ERROR_H

#include <tidemark/base.h>
#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tidemark::sinks {

struct Error {
  tidemark_status status = TIDEMARK_E_PERMANENT;
  int sys_errno = 0;
  int http_status = 0;
  uint32_t retry_after_ms = 0;
  bool reported = false;  // the caller's tidemark_error was filled by someone further in; leave it alone
  std::string code;       // the far side's own word, e.g. "SlowDown"
  std::string message;    // names the culprit and, where there is one, the remedy; no secrets
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

tl::unexpected<Error> fail(tidemark_status status, std::string message);

// Needs none itself.
tl::unexpected<Error> out_of_memory();

// Of the sink's own files and sockets; base/errno_status.h says what becomes of each errno. The message is
// "<what>: <text of the errno>".
tl::unexpected<Error> fail_errno(int sys_errno, std::string_view what);

// A callback of the caller or a wrapped sink failed with `status` and has filled the caller's error.
tl::unexpected<Error> passed_on(tidemark_status status);

// Writes `error` to a caller-owned struct (NULL and shorter ones are fine) and returns its status. The
// message becomes one clean line; one that is too long loses its middle.
tidemark_status report(const Error& error, tidemark_error* out) noexcept;

// For catch blocks: what a library threw, as a status. Out of memory is worth a retry, the rest is not.
tidemark_status report_current_exception(tidemark_error* out) noexcept;

// Runs one function of the table. No exception leaves it.
template <typename F>
tidemark_status guard(tidemark_error* out, F&& body) noexcept {
  try {
    const Status result = body();
    return result ? TIDEMARK_OK : report(result.error(), out);
  } catch (...) {
    return report_current_exception(out);
  }
}

// Text of a caller in a message: in double quotes, long ones shortened in the middle.
std::string quote(std::string_view text);

inline std::string_view view(tidemark_str s) {
  return s.size ? std::string_view(s.data, s.size) : std::string_view();
}
inline tidemark_str abi_str(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_ERROR_H
