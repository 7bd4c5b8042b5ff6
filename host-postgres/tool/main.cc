// tidemark-postgres: what a database administrator does with an archive.
#include <cstdio>
#include <exception>

#include "tool/command_line.h"
#include "tool/get.h"

int main(int argc, char** argv) {
  try {
    return tidemark::postgres::run_command_line(argc, argv);
  } catch (const std::exception& problem) {
    // Never a code that PostgreSQL takes for the end of the log.
    std::fprintf(stderr, "tidemark-postgres: %s\n", problem.what());
    return tidemark::postgres::kExitUnreachable;
  }
}
