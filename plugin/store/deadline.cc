#include "store/deadline.h"

namespace tidemark::store {

Deadline::Deadline(const tidemark_call* call) : call_(call) {
  part_.struct_size = sizeof part_;
  if (call == nullptr) return;
  if (TIDEMARK_HAS(call, tidemark_call, timeout_ms) && call->timeout_ms > 0) {
    has_end_ = true;
    end_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(call->timeout_ms);
  }
  if (TIDEMARK_HAS(call, tidemark_call, is_cancelled)) {
    part_.ctx = call->ctx;
    part_.is_cancelled = call->is_cancelled;
  }
}

bool Deadline::is_cancelled() const {
  return part_.is_cancelled != nullptr && part_.is_cancelled(part_.ctx) != 0;
}

Status Deadline::check() const {
  if (is_cancelled()) return fail(TIDEMARK_E_CANCELLED, "cancelled by the caller");
  if (has_end_ && std::chrono::steady_clock::now() >= end_) {
    return fail(TIDEMARK_E_RETRYABLE, "not done within the " + std::to_string(call_->timeout_ms) +
                                          " ms the caller gave; allow more time");
  }
  return {};
}

Result<const tidemark_call*> Deadline::next_call() {
  if (Status status = check(); !status) return tl::unexpected(std::move(status.error()));
  if (has_end_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
    part_.timeout_ms = left.count() > 0 ? static_cast<uint32_t>(left.count()) : 1;
  }
  return &part_;
}

tar::Cancel Deadline::cancel() {
  return {this, [](void* ctx) { return !static_cast<const Deadline*>(ctx)->check().has_value(); }};
}

}  // namespace tidemark::store
