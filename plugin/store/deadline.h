// The deadline and cancellation of one call of a host, spread over the several calls to a sink it takes.
//
// One thread at a time; lives on the caller's stack. Borrows the host's tidemark_call, which may be NULL.
#ifndef TIDEMARK_STORE_DEADLINE_H
#define TIDEMARK_STORE_DEADLINE_H

#include <tidemark/base.h>

#include <chrono>

#include "tar/entry_source.h"
#include "util/result.h"

namespace tidemark::store {

class Deadline {
 public:
  explicit Deadline(const tidemark_call* call);

  // For the next call to a sink: what is left of the time. Valid until the next call of this function.
  Result<const tidemark_call*> next_call();
  // CANCELLED, or RETRYABLE once the time is over.
  Status check() const;
  tar::Cancel cancel();

 private:
  bool is_cancelled() const;

  const tidemark_call* call_;
  bool has_end_ = false;
  std::chrono::steady_clock::time_point end_;
  tidemark_call part_{};
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_DEADLINE_H
