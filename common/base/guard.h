// Where exceptions end: every function of an exported table, every function of ours that a library or a sink
// calls, and every command of a worker. Whatever is thrown becomes an Error; want of memory is worth a retry.
#ifndef TIDEMARK_COMMON_BASE_GUARD_H
#define TIDEMARK_COMMON_BASE_GUARD_H

#include <exception>
#include <new>
#include <string>

#include "base/result.h"

namespace tidemark {

// For catch blocks: what was thrown.
inline Error current_error() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& exception) {
    Error error;
    try {
      error.message = std::string("unexpected: ") + exception.what();
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    }
    return error;
  } catch (...) {
    Error error;
    error.message = "unexpected";
    return error;
  }
}

// What `body`, a callable that returns Status or a Result, gives or throws.
template <typename Body>
auto guarded(Body&& body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (...) {
    return current_error();
  }
}

// The same at the ABI.
template <typename Body>
tidemark_status guard(tidemark_error* error, Body&& body) noexcept {
  const Status status = guarded(body);
  return status ? TIDEMARK_OK : to_abi(status.error(), error);
}

// Runs what may be left out if there is no memory: a line of the log, for example.
template <typename Body>
void if_there_is_memory(Body&& body) noexcept {
  try {
    body();
  } catch (const std::exception&) {
  }
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_GUARD_H
