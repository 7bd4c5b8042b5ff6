#include "base/call.h"

#include <time.h>

#include <algorithm>
#include <string>

namespace tidemark {
namespace {

constexpr uint64_t kPollMs = 50;
constexpr int64_t kNsPerMs = 1'000'000;

int64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Call::Call(const tidemark_call* call, tidemark_error* error) : error_(error) {
  if (call == nullptr) return;
  if (TIDEMARK_HAS(call, tidemark_call, timeout_ms)) timeout_ms_ = call->timeout_ms;
  if (TIDEMARK_HAS(call, tidemark_call, is_cancelled)) {
    is_cancelled_ = call->is_cancelled;
    ctx_ = call->ctx;
  }
  if (timeout_ms_ != 0) deadline_ns_ = now_ns() + timeout_ms_ * kNsPerMs;
}

Status Call::check() const {
  if (is_cancelled_ != nullptr && is_cancelled_(ctx_) != 0) {
    return fail(TIDEMARK_E_CANCELLED, "cancelled by the caller");
  }
  if (timeout_ms_ != 0 && now_ns() >= deadline_ns_) {
    return fail(TIDEMARK_E_RETRYABLE, "not done within the caller's timeout of " +
                                          std::to_string(timeout_ms_) + " ms; allow more time");
  }
  return {};
}

Status Call::sleep_ms(uint64_t duration_ms) const {
  const int64_t until_ns =
      now_ns() + static_cast<int64_t>(std::min<uint64_t>(duration_ms, INT32_MAX)) * kNsPerMs;
  while (true) {
    TM_TRY(check());
    const int64_t left_ns = until_ns - now_ns();
    if (left_ns <= 0) return {};
    int64_t step_ns = std::min<int64_t>(left_ns, kPollMs * kNsPerMs);
    if (timeout_ms_ != 0) step_ns = std::min(step_ns, std::max<int64_t>(deadline_ns_ - now_ns(), 0));
    const timespec step = {0, step_ns};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &step, nullptr);  // woken early by a signal: the loop sees to it
  }
}

uint64_t Call::remaining_ms() const {
  if (timeout_ms_ == 0) return UINT64_MAX;
  return static_cast<uint64_t>(std::max<int64_t>(deadline_ns_ - now_ns(), 0) / kNsPerMs);
}

tidemark_call Call::remaining() const {
  // 0 would mean "no timeout", so an expired call keeps one millisecond.
  const uint32_t left_ms =
      timeout_ms_ == 0 ? 0 : static_cast<uint32_t>(std::max<uint64_t>(remaining_ms(), 1));
  return {sizeof(tidemark_call), left_ms, ctx_, is_cancelled_};
}

Result<tidemark_call> Call::next_call() const {
  TM_TRY(check());
  return remaining();
}

}  // namespace tidemark
