// Where exceptions end: every function of an exported table runs inside guard().
#ifndef TIDEMARK_UTIL_GUARD_H
#define TIDEMARK_UTIL_GUARD_H

#include <exception>
#include <new>
#include <string>

#include "util/result.h"

namespace tidemark {

// Runs `body`, a callable that returns Status, and converts what it gives or throws. Never throws.
template <typename Body>
tidemark_status guard(tidemark_error* error, Body&& body) noexcept {
  Error problem;
  try {
    Status status = body();
    if (status) return TIDEMARK_OK;
    problem = std::move(status.error());
  } catch (const std::bad_alloc&) {
    problem.status = TIDEMARK_E_RETRYABLE;  // the text fits without an allocation
    problem.message = "out of memory";
  } catch (const std::exception& exception) {
    try {
      problem.message = std::string("unexpected: ") + exception.what();
    } catch (const std::bad_alloc&) {
      problem.message = "unexpected";
    }
  } catch (...) {
    problem.message = "unexpected";
  }
  return to_abi(problem, error);
}

}  // namespace tidemark

#endif  // TIDEMARK_UTIL_GUARD_H
