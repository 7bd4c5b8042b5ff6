#include "imposter/program.h"

#include <csignal>
#include <cstdio>
#include <fstream>

namespace imposter {
namespace {

sigset_t awaited() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);
  return signals;
}

}  // namespace

void await_signals() {
  const sigset_t signals = awaited();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void serve_until_told(const std::function<void()>& end_faults) {
  const sigset_t signals = awaited();
  for (int signal = 0; sigwait(&signals, &signal) == 0 && signal == SIGUSR1;) end_faults();
}

bool write_port(const std::string& file, uint16_t port) {
  std::ofstream out(file + ".new");
  out << port << "\n";
  out.close();
  return out && std::rename((file + ".new").c_str(), file.c_str()) == 0;
}

}  // namespace imposter
