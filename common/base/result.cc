#include "base/result.h"

#include <cstring>

#include "base/line.h"
#include "base/status_name.h"

namespace tidemark {
Error fail(tidemark_status status, std::string message) {
  Error error;
  error.status = status;
  error.message = std::move(message);
  return error;
}

Error fail(std::string message) { return fail(TIDEMARK_E_PERMANENT, std::move(message)); }

Error fail_errno(ErrnoOf whose, int sys_errno, std::string_view what) {
  Error error;
  error.status = status_of_errno(sys_errno, whose);
  error.sys_errno = sys_errno;
  error.message = std::string(what) + ": " + errno_text(sys_errno);
  return error;
}

Error fail_errno(int sys_errno, std::string_view what) {
  return fail_errno(ErrnoOf::kEntry, sys_errno, what);
}

Error fail_sink_errno(int sys_errno, std::string_view what) {
  return fail_errno(ErrnoOf::kSink, sys_errno, what);
}

Error out_of_memory() noexcept {
  Error error;
  error.status = TIDEMARK_E_RETRYABLE;
  error.sys_errno = ENOMEM;
  error.message = "out of memory";
  return error;
}

Error passed_on(tidemark_status status) {
  Error error;
  error.status = status;
  error.reported = true;
  return error;
}

tidemark_status to_abi(const Error& error, tidemark_error* out) noexcept {
  if (out == nullptr || error.reported) return error.status;
  if (TIDEMARK_HAS(out, tidemark_error, sys_errno)) out->sys_errno = error.sys_errno;
  if (TIDEMARK_HAS(out, tidemark_error, http_status)) out->http_status = error.http_status;
  if (TIDEMARK_HAS(out, tidemark_error, retry_after_ms)) out->retry_after_ms = error.retry_after_ms;
  if (TIDEMARK_HAS(out, tidemark_error, code)) copy_line(error.code, out->code, sizeof out->code, Cut::kEnd);
  if (TIDEMARK_HAS(out, tidemark_error, message)) copy_line(error.message, out->message, sizeof out->message);
  return error.status;
}

tidemark_error empty_abi_error() {
  tidemark_error error;
  error.struct_size = sizeof error;
  error.sys_errno = 0;
  error.http_status = 0;
  error.retry_after_ms = 0;
  error.code[0] = '\0';
  error.message[0] = '\0';
  return error;
}

Error from_abi(tidemark_status status, const tidemark_error& error, std::string_view where) {
  Error result;
  result.status = status;
  result.sys_errno = error.sys_errno;
  result.http_status = error.http_status;
  result.retry_after_ms = error.retry_after_ms;
  result.code.assign(error.code, strnlen(error.code, sizeof error.code));
  result.message = std::string(where);
  const std::string_view message(error.message, strnlen(error.message, sizeof error.message));
  if (!where.empty()) result.message += ": ";
  result.message += message.empty() ? "failed with " + status_name(status) : std::string(message);
  return result;
}

}  // namespace tidemark
