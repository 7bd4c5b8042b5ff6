// Runs a program that prints credentials.
//
// Any thread. Leaves no process behind, except one that the program itself has put into the background.
#ifndef TIDEMARK_SINKS_HTTP_PROGRAM_H
#define TIDEMARK_SINKS_HTTP_PROGRAM_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/result.h"

namespace tidemark::sinks {

struct Program {
  std::string path;                         // no PATH is searched
  std::vector<std::string> arguments;       // the first is what it is called
  std::vector<std::string> variables = {};  // "NAME=value", in place of the environment's own of that name
};

struct ProgramLimits {
  uint32_t timeout_ms = 60'000;
  size_t output_bytes = size_t{64} * 1024;
  uint32_t silence_ms = 2000;  // only after that on_wait is called
};

// What it prints: with the environment of the process, nothing to read, no other open files, default signals.
// On cancellation, timeout or too much output its process group is killed. A message never has a part of the
// arguments or of the output; of the error output it has one short line without anything that looks like a
// key. Wipe the result. `on_wait` is called once if it takes long.
Result<std::string> run_program(const Program& program, const Call& call, const ProgramLimits& limits = {},
                                const std::function<void()>& on_wait = {});

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_PROGRAM_H
