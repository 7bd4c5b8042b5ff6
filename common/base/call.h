// One call through the ABI as the side that serves it sees it: its deadline, its cancellation, and where its
// caller wants an error. A call that takes several calls further in gives each what is left of its time.
//
// A small value; any thread. Refers to what ctx and the error of the caller's structs point to.
#ifndef TIDEMARK_COMMON_BASE_CALL_H
#define TIDEMARK_COMMON_BASE_CALL_H

#include <tidemark/base.h>

#include <cstdint>

#include "base/result.h"

namespace tidemark {

class Call {
 public:
  Call() = default;  // never ends
  // Both may be NULL. The clock of a timeout starts here.
  explicit Call(const tidemark_call* call, tidemark_error* error = nullptr);

  // CANCELLED when the caller says so, RETRYABLE when the time is up. To be asked between chunks and at
  // least every 200 ms; costs almost nothing.
  Status check() const;

  // Waits without keeping a processor busy; ends early, with check()'s error, on cancellation or timeout.
  Status sleep_ms(uint64_t duration_ms) const;

  // Time left; UINT64_MAX without a timeout.
  uint64_t remaining_ms() const;

  // The same call for a sink or a library: what is left of its time, the same cancellation.
  tidemark_call remaining() const;
  // The same, if there is time left and nobody cancelled.
  Result<tidemark_call> next_call() const;

  // Where a callback may put its error; NULL if the caller wants none. See passed_on().
  tidemark_error* error() const { return error_; }

 private:
  int32_t (*is_cancelled_)(void*) = nullptr;
  void* ctx_ = nullptr;
  uint32_t timeout_ms_ = 0;
  int64_t deadline_ns_ = 0;  // on the monotonic clock, if timeout_ms_ is not 0
  tidemark_error* error_ = nullptr;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_CALL_H
