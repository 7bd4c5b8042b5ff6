// A value or the reason why there is none, and how reasons cross the ABI. Errors are values here: nothing of
// ours throws (beyond bad_alloc), and a message is written once, where the culprit is known.
//
// Any thread. An Error owns its text.
#ifndef TIDEMARK_COMMON_BASE_RESULT_H
#define TIDEMARK_COMMON_BASE_RESULT_H

#include <tidemark/base.h>
#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/errno_status.h"

namespace tidemark {

struct Error {
  tidemark_status status = TIDEMARK_E_PERMANENT;
  int sys_errno = 0;
  int http_status = 0;
  uint32_t retry_after_ms = 0;
  bool reported = false;  // the caller's tidemark_error is filled already, deeper in the call; leave it alone
  std::string code;       // the far side's own word, e.g. "SlowDown"
  std::string message;    // one line that names the culprit and, where there is one, the remedy; no secrets
};

// Like tl::expected, but an error can be returned without a wrapper. A room may have an Error of its own;
// TM_TRY converts this one into it.
template <typename T, typename E = Error>
class [[nodiscard]] Result : public tl::expected<T, E> {
 public:
  using tl::expected<T, E>::expected;
  Result() = default;
  Result(E error) : tl::expected<T, E>(tl::unexpect, std::move(error)) {}
};
using Status = Result<void>;

// TM_TRY(expression): returns from the function with the error of a Result, if it has one.
// TM_ASSIGN(declaration, expression): the same, else declares what its value becomes:
//   TM_ASSIGN(const Url url, parse_url(text));
// NOLINTBEGIN(bugprone-macro-parentheses): declarations and fresh names stand in no parentheses.
#define TM_TRY(...) TM_TRY_TO_(TM_JOIN_(tm_outcome_, __COUNTER__), (__VA_ARGS__))
#define TM_TRY_TO_(outcome, expression)                                                         \
  do {                                                                                          \
    if (auto outcome = expression; !outcome) return tl::unexpected(std::move(outcome).error()); \
  } while (false)
#define TM_ASSIGN(declaration, ...) \
  TM_ASSIGN_TO_(TM_JOIN_(tm_result_, __COUNTER__), declaration, (__VA_ARGS__))
#define TM_ASSIGN_TO_(result, declaration, expression)           \
  auto result = expression;                                      \
  if (!result) return tl::unexpected(std::move(result).error()); \
  declaration = *std::move(result)
#define TM_JOIN_(a, b) TM_JOIN_TEXT_(a, b)
#define TM_JOIN_TEXT_(a, b) a##b
// NOLINTEND(bugprone-macro-parentheses)

Error fail(tidemark_status status, std::string message);
Error fail(std::string message);  // PERMANENT

// Of an entry or another file that is not the sink's, or of the sink's own files and sockets;
// base/errno_status.h says what becomes of each errno. The message is "<what>: <text of the errno>".
Error fail_errno(ErrnoOf whose, int sys_errno, std::string_view what);
Error fail_errno(int sys_errno, std::string_view what);
Error fail_sink_errno(int sys_errno, std::string_view what);

// Made without memory: the text fits into the string itself.
Error out_of_memory() noexcept;

// A callback of the caller or a wrapped sink failed with `status` and has filled the caller's error.
Error passed_on(tidemark_status status);

// True if an error, ours or a sink's, says only that there is no memory.
inline bool is_out_of_memory(const Error& error) {
  return error.status == TIDEMARK_E_RETRYABLE && error.sys_errno == ENOMEM;
}

// What the ABI says of a status nobody knows: 100 and above are worth a retry.
inline bool is_retryable(tidemark_status status) { return status >= 100; }

// Writes `error` into a caller-owned struct of the ABI (NULL is fine, a shorter struct too) and returns
// its status: the one place where an Error crosses outward. The message becomes one clean line; one that is
// too long loses its middle.
tidemark_status to_abi(const Error& error, tidemark_error* out) noexcept;

// An empty struct to give to a callee, and the Error from what the callee wrote. `where` goes before its
// message.
tidemark_error empty_abi_error();
Error from_abi(tidemark_status status, const tidemark_error& error, std::string_view where);

inline std::string_view view(tidemark_str s) {
  return s.size ? std::string_view(s.data, s.size) : std::string_view();
}
inline tidemark_str abi_str(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_RESULT_H
