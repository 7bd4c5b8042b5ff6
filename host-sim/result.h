// A value or the reason why there is none. Errors are values in this engine: nothing throws across a function
// of ours, and a message is written once, where the culprit is known.
#ifndef TIDEMARK_HOST_SIM_RESULT_H
#define TIDEMARK_HOST_SIM_RESULT_H

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/errno_status.h"

namespace tidemark::host {

struct Error {
  std::string message;
  int sys_errno = 0;
};

// "cannot open /data/journal" + errno -> "cannot open /data/journal: No such file or directory".
inline Error errno_error(const std::string& what, int sys_errno = errno) {
  return {what + ": " + errno_text(sys_errno), sys_errno};
}

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}
  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_RESULT_H
