#include "common/error.h"

#include <cerrno>
#include <exception>
#include <new>

#include "base/errno_status.h"
#include "base/line.h"

namespace tidemark::sinks {
namespace {

void fill(tidemark_error* out, int sys_errno, int http_status, uint32_t retry_after_ms, std::string_view code,
          std::string_view message) noexcept {
  if (out == nullptr) return;
  if (TIDEMARK_HAS(out, tidemark_error, sys_errno)) out->sys_errno = sys_errno;
  if (TIDEMARK_HAS(out, tidemark_error, http_status)) out->http_status = http_status;
  if (TIDEMARK_HAS(out, tidemark_error, retry_after_ms)) out->retry_after_ms = retry_after_ms;
  if (TIDEMARK_HAS(out, tidemark_error, code)) copy_line(code, out->code, sizeof out->code, Cut::kEnd);
  if (TIDEMARK_HAS(out, tidemark_error, message)) copy_line(message, out->message, sizeof out->message);
}

}  // namespace

tl::unexpected<Error> fail(tidemark_status status, std::string message) {
  Error error;
  error.status = status;
  error.message = std::move(message);
  return tl::unexpected<Error>(std::move(error));
}

tl::unexpected<Error> out_of_memory() {
  Error error;
  error.status = TIDEMARK_E_RETRYABLE;
  error.sys_errno = ENOMEM;
  error.message = "out of memory";
  return tl::unexpected<Error>(std::move(error));
}

tl::unexpected<Error> fail_errno(int sys_errno, std::string_view what) {
  Error error;
  error.status = status_of_errno(sys_errno, ErrnoOf::kSink);
  error.sys_errno = sys_errno;
  error.message = std::string(what) + ": " + errno_text(sys_errno);
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
  constexpr size_t kShown = 123;
  return '"' + shorten_middle(text, kShown) + '"';
}

}  // namespace tidemark::sinks
