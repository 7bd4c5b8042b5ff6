// A value or the reason why there is none, and with it how the program ends. Errors are values here: nothing
// throws across a function of ours, and a message is written once, where the culprit is known. Any thread.
#ifndef TIDEMARK_CLI_RESULT_H
#define TIDEMARK_CLI_RESULT_H

#include <tidemark/base.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/errno_status.h"

namespace tidemark::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitData = 1,   // something is wrong with what is stored
  kExitUsage = 2,  // the command line, or something that the archive refuses to do
  kExitSink = 3,   // the archive cannot be reached or opened
  kExitLocal = 4,  // this machine: a file, a directory, the output
  kExitInterrupted = 130
};

struct Error {
  ExitCode exit_code = kExitLocal;
  std::string message;  // one line that names the culprit and, where there is one, the remedy
  tidemark_status status = TIDEMARK_OK;  // of the plugin, if it was the one that failed
  uint32_t retry_after_ms = 0;
};

// "cannot open /data/file" + errno -> "cannot open /data/file: No such file or directory".
inline Error errno_error(const std::string& what, int sys_errno = errno) {
  return {kExitLocal, what + ": " + errno_text(sys_errno), TIDEMARK_OK, 0};
}
inline Error usage_error(std::string message) { return {kExitUsage, std::move(message), TIDEMARK_OK, 0}; }

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

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESULT_H
