// The reason why there is no value (base/result.h), and with it how the program ends. Any thread.
#ifndef TIDEMARK_CLI_ERROR_H
#define TIDEMARK_CLI_ERROR_H

#include <tidemark/base.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/errno_status.h"
#include "base/result.h"

namespace tidemark::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitData = 1,    // something is wrong with what is stored
  kExitUsage = 2,   // the command line, or something that the archive refuses to do
  kExitSink = 3,    // the archive cannot be reached or opened
  kExitLocal = 4,   // this machine: a file, a directory, the output
  kExitAbsent = 5,  // the one thing asked for is not stored
  kExitPipe = 141,  // nobody reads the output any more: as a shell tells of SIGPIPE
  kExitInterrupted = 130
};

struct Error {
  ExitCode exit_code = kExitLocal;
  std::string message;  // one line that names the culprit and, where there is one, the remedy
  tidemark_status status = TIDEMARK_OK;  // of the plugin, if it was the one that failed
  uint32_t retry_after_ms = 0;

  Error() = default;
  Error(ExitCode code, std::string text, tidemark_status status_of_plugin = TIDEMARK_OK,
        uint32_t retry_ms = 0)
      : exit_code(code), message(std::move(text)), status(status_of_plugin), retry_after_ms(retry_ms) {}
  Error(tidemark::Error local) : message(std::move(local.message)) {}  // of this machine
};

// "cannot open /data/file" + errno -> "cannot open /data/file: No such file or directory".
inline Error errno_error(const std::string& what, int sys_errno = errno) {
  return {kExitLocal, what + ": " + errno_text(sys_errno)};
}
inline Error sink_error(std::string message) { return {kExitSink, std::move(message)}; }
inline Error usage_error(std::string message) { return {kExitUsage, std::move(message)}; }

// Of so many objects one after the other: then it is not the objects that are at fault, and the run ends.
inline constexpr unsigned kMaxFailuresInARow = 5;
inline Error too_many_in_a_row(Error last) {
  last.message += "; " + std::to_string(kMaxFailuresInARow) + " failures in a row, so the rest was not tried";
  return last;
}

template <class T>
using Result = tidemark::Result<T, Error>;

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_ERROR_H
