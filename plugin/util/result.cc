#include "util/result.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace tidemark {
namespace {

// strerror_r in its GNU form; the text may be static or lie in the buffer.
std::string errno_text(int sys_errno) {
  char buffer[128];
  return strerror_r(sys_errno, buffer, sizeof buffer);
}

// Copies as much as fits, NUL-terminated, newlines made blank; never cuts a UTF-8 sequence in two.
void copy_text(std::string_view text, char* out, size_t capacity) {
  size_t size = std::min(text.size(), capacity - 1);
  if (size < text.size()) {
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  }
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(text[i]) < 0x20 ? ' ' : text[i];
  out[size] = '\0';
}

tidemark_status status_of_errno(int sys_errno) {
  switch (sys_errno) {
    case ENOENT:
    case ENOTDIR:
      return TIDEMARK_E_NOT_FOUND;
    case EEXIST:
      return TIDEMARK_E_EXISTS;
    case ENOSPC:
    case EDQUOT:
      return TIDEMARK_E_NO_SPACE;
    case EIO:
    case EAGAIN:
    case EINTR:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ESTALE:
    case ETIMEDOUT:
      return TIDEMARK_E_RETRYABLE;
    default:
      return TIDEMARK_E_PERMANENT;
  }
}

}  // namespace

tl::unexpected<Error> fail(tidemark_status status, std::string message) {
  Error error;
  error.status = status;
  error.message = std::move(message);
  return tl::unexpected<Error>(std::move(error));
}

tl::unexpected<Error> fail_errno(int sys_errno, std::string_view what) {
  Error error;
  error.status = status_of_errno(sys_errno);
  error.sys_errno = sys_errno;
  error.message = std::string(what) + ": " + errno_text(sys_errno);
  return tl::unexpected<Error>(std::move(error));
}

tidemark_status to_abi(const Error& error, tidemark_error* out) {
  if (out == nullptr) return error.status;
  if (TIDEMARK_HAS(out, tidemark_error, sys_errno)) out->sys_errno = error.sys_errno;
  if (TIDEMARK_HAS(out, tidemark_error, http_status)) out->http_status = error.http_status;
  if (TIDEMARK_HAS(out, tidemark_error, retry_after_ms)) out->retry_after_ms = error.retry_after_ms;
  if (TIDEMARK_HAS(out, tidemark_error, code)) copy_text(error.code, out->code, sizeof out->code);
  if (TIDEMARK_HAS(out, tidemark_error, message)) copy_text(error.message, out->message, sizeof out->message);
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
  result.message += message.empty() ? "failed with status " + std::to_string(status) : std::string(message);
  return result;
}

}  // namespace tidemark
