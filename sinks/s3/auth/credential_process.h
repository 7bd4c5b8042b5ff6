// Runs the command of a profile's credential_process.
//
// Any thread. Leaves no process behind, except one that the command itself has put into the background.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_PROCESS_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_PROCESS_H

#include <cstdint>
#include <functional>
#include <string>

#include "base/call.h"
#include "base/result.h"

namespace tidemark::sinks::s3 {

struct ProcessLimits {
  uint32_t timeout_ms = 60'000;
  size_t output_bytes = size_t{64} * 1024;
  uint32_t silence_ms = 2000;  // only after that on_wait is called
};

// What `/bin/sh -c command` prints: with the environment of the process, nothing to read, no other open
// files, default signals. On cancellation, timeout or too much output its process group is killed. A message
// never has a part of the command or of its output; of its error output it has one short line without
// anything that looks like a key. Wipe the result. `on_wait` is called once if it takes long.
Result<std::string> run_credential_process(const std::string& command, const Call& call,
                                           const ProcessLimits& limits = {},
                                           const std::function<void()>& on_wait = {});

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_PROCESS_H
