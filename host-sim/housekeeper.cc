#include "housekeeper.h"

#include <chrono>

namespace tidemark::host {

namespace {
constexpr auto kRoundInterval = std::chrono::milliseconds(50);
}

void Housekeeper::start() {
  thread_ = std::thread([this] { run(); });
}

void Housekeeper::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_requested_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<Error> Housekeeper::error() {
  MutexLock lock(mutex_);
  return error_;
}

void Housekeeper::run() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      const auto until = std::chrono::steady_clock::now() + kRoundInterval;
      while (!stopping_ && std::chrono::steady_clock::now() < until)
        stop_requested_.wait_until(mutex_, until);
      if (stopping_) return;
    }
    if (auto tidied = store_.tidy(); !tidied) {
      MutexLock lock(mutex_);
      error_ = tidied.error();
      break;
    }
    tidied_();
  }
  failed_();
}

}  // namespace tidemark::host
