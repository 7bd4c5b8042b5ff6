// Runs the command of a profile's credential_process; what that means: http/program.h.
//
// Any thread.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_PROCESS_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_PROCESS_H

#include <functional>
#include <string>

#include "http/program.h"

namespace tidemark::sinks::s3 {

using ProcessLimits = ProgramLimits;

// What `/bin/sh -c command` prints.
inline Result<std::string> run_credential_process(const std::string& command, const Call& call,
                                                  const ProcessLimits& limits = {},
                                                  const std::function<void()>& on_wait = {}) {
  return run_program({"/bin/sh", {"sh", "-c", command}}, call, limits, on_wait);
}

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_PROCESS_H
