#include "common/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <new>

namespace tidemark::sinks {
namespace {

// Copies as much of `text` as fits, without control characters and without half a UTF-8 character.
void copy_line(std::string_view text, char* out, size_t capacity) noexcept {
  size_t size = std::min(text.size(), capacity - 1);
  if (size < text.size()) {
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  }
  for (size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    out[i] = c < 0x20 || c == 0x7F ? ' ' : text[i];
  }
  out[size] = '\0';
}

void fill(tidemark_error* out, int sys_errno, int http_status, uint32_t retry_after_ms, std::string_view code,
          std::string_view message) noexcept {
  if (out == nullptr) return;
  if (TIDEMARK_HAS(out, tidemark_error, sys_errno)) out->sys_errno = sys_errno;
  if (TIDEMARK_HAS(out, tidemark_error, http_status)) out->http_status = http_status;
  if (TIDEMARK_HAS(out, tidemark_error, retry_after_ms)) out->retry_after_ms = retry_after_ms;
  if (TIDEMARK_HAS(out, tidemark_error, code)) copy_line(code, out->code, sizeof out->code);
  if (TIDEMARK_HAS(out, tidemark_error, message)) copy_line(message, out->message, sizeof out->message);
}

}  // namespace

tl::unexpected<Error> fail(tidemark_status status, std::string message) {
  Error error;
  error.status = status;
  error.message = std::move(message);
  return tl::unexpected<Error>(std::move(error));
}

tidemark_status classify_errno(int sys_errno) {
  switch (sys_errno) {
    case ENOENT:
      return TIDEMARK_E_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
      return TIDEMARK_E_NO_SPACE;
    case EIO:
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOLCK:
    case ESTALE:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENETDOWN:
    case ENETUNREACH:
    case ENETRESET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOTCONN:
      return TIDEMARK_E_RETRYABLE;
    case EOPNOTSUPP:
    case ENOSYS:
      return TIDEMARK_E_UNSUPPORTED;
    default:
      return TIDEMARK_E_PERMANENT;
  }
}

tl::unexpected<Error> fail_errno(int sys_errno, std::string_view what) {
  const char* text = strerrordesc_np(sys_errno);  // neither locale nor shared buffer, unlike strerror
  Error error;
  error.status = classify_errno(sys_errno);
  error.sys_errno = sys_errno;
  error.message = std::string(what) + ": " + (text ? text : "errno " + std::to_string(sys_errno));
  return tl::unexpected<Error>(std::move(error));
}

tl::unexpected<Error> passed_on(tidemark_status status) {
  Error error;
  error.status = status;
  error.reported = true;
  return tl::unexpected<Error>(std::move(error));
}

tidemark_status report(const Error& error, tidemark_error* out) noexcept {
  if (!error.reported) {
    fill(out, error.sys_errno, error.http_status, error.retry_after_ms, error.code, error.message);
  }
  return error.status;
}

tidemark_status report_current_exception(tidemark_error* out) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    fill(out, ENOMEM, 0, 0, {}, "out of memory");
    return TIDEMARK_E_RETRYABLE;
  } catch (const std::exception& e) {
    fill(out, 0, 0, 0, {}, e.what());
  } catch (...) {
    fill(out, 0, 0, 0, {}, "an exception of unknown type");
  }
  return TIDEMARK_E_PERMANENT;
}

std::string quote(std::string_view text) {
  constexpr size_t kShown = 120;
  std::string out = "\"";
  if (text.size() <= kShown) {
    out += text;
  } else {
    out.append(text.substr(0, kShown / 2)).append("...").append(text.substr(text.size() - kShown / 2));
  }
  return out += '"';
}

}  // namespace tidemark::sinks
