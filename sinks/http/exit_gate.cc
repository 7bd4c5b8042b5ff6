#include "http/exit_gate.h"

#include <curl/curl.h>
#include <time.h>

#include <atomic>

namespace tidemark::sinks {
namespace {

constexpr int kWaitMs = 1000;

std::atomic<bool> closed{false};
std::atomic<int> inside{0};

// Its destructor is the exit handler. What is inside for longer than a second is stuck in a callback of the
// host, perhaps the very one that called exit().
struct Closer {
  Closer() = default;
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;
  ~Closer() {
    closed.store(true);
    for (int waited_ms = 0; inside.load() > 0 && waited_ms < kWaitMs; ++waited_ms) {
      const timespec step = {0, 1'000'000};
      nanosleep(&step, nullptr);
    }
  }
};

}  // namespace

Status ExitGate::install() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) {
    return fail(TIDEMARK_E_RETRYABLE,
                std::string("libcurl cannot be initialised: ") + curl_easy_strerror(initialised));
  }
  static const Closer closer;
  return {};
}

ExitGate::Pass::Pass() {
  inside.fetch_add(1);
  open_ = !closed.load();
  if (!open_) inside.fetch_sub(1);
}

ExitGate::Pass::~Pass() {
  if (open_) inside.fetch_sub(1);
}

Status ExitGate::Pass::check() const {
  if (open_) return {};
  return fail(TIDEMARK_E_CANCELLED, "the process is exiting");
}

}  // namespace tidemark::sinks
