// An imposter as a program: serves until SIGTERM or SIGINT; SIGUSR1 ends its faults.
//
// For main(): await_signals() before there are threads, so that all of them leave these signals to
// serve_until_told().
#ifndef TIDEMARK_TESTS_IMPOSTER_PROGRAM_H
#define TIDEMARK_TESTS_IMPOSTER_PROGRAM_H

#include <cstdint>
#include <functional>
#include <string>

namespace imposter {

void await_signals();
void serve_until_told(const std::function<void()>& end_faults);

// Whole or not there at all, so that a script may wait for it.
bool write_port(const std::string& file, uint16_t port);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_PROGRAM_H
