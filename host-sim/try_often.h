// Calls through the plugin's extensions that may work the next time. Any thread.
#ifndef TIDEMARK_HOST_SIM_TRY_OFTEN_H
#define TIDEMARK_HOST_SIM_TRY_OFTEN_H

#include <tidemark/base.h>

#include <chrono>
#include <thread>

#include "base/result.h"

namespace tidemark::host {

inline tidemark_call fresh_call() {
  tidemark_call call{};
  call.struct_size = sizeof(call);
  return call;
}

// Calls until it succeeds, another try is useless, or it was tried three times; the error is that of the last
// attempt.
template <class Attempt>
tidemark_status try_often(const Attempt& attempt, tidemark_error& error) {
  constexpr int kAttempts = 3;
  for (int number = 1;; ++number) {
    error = empty_abi_error();
    const tidemark_status status = attempt(&error);
    if (number == kAttempts || !is_retryable(status)) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_TRY_OFTEN_H
