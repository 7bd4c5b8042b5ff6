#include <sys/stat.h>

#include "bench.h"
#include "options.h"
#include "recover.h"
#include "run.h"
#include "signals.h"
#include "verify.h"

int main(int argc, char** argv) {
  using namespace tidemark::host;
  const Command command = parse_command_line(argc, argv);
  if (const int* code = std::get_if<int>(&command)) return *code;
  ::umask(022);
  Signals signals;
  if (const auto* options = std::get_if<RunOptions>(&command)) return run(*options, signals);
  if (const auto* options = std::get_if<BenchOptions>(&command)) return bench(*options, signals);
  if (const auto* options = std::get_if<RecoverOptions>(&command)) return recover(*options, signals);
  return verify(std::get<VerifyOptions>(command), signals);
}
