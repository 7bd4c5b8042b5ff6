// One thread that records positions and prunes, a few times a second, so that acknowledging costs no I/O.
#ifndef TIDEMARK_HOST_SIM_HOUSEKEEPER_H
#define TIDEMARK_HOST_SIM_HOUSEKEEPER_H

#include <functional>
#include <optional>
#include <thread>

#include "base/mutex.h"
#include "log_store.h"

namespace tidemark::host {

class Housekeeper {
 public:
  // `tidied` is called on its thread after every round; `failed` once, if a round fails (it then stops).
  Housekeeper(LogStore& store, std::function<void()> tidied, std::function<void()> failed)
      : store_(store), tidied_(std::move(tidied)), failed_(std::move(failed)) {}
  ~Housekeeper() { stop(); }

  void start();
  void stop() TM_EXCLUDES(mutex_);  // joins; what is left is for the caller's own tidy(). Idempotent
  std::optional<Error> error() TM_EXCLUDES(mutex_);

 private:
  void run();

  LogStore& store_;
  const std::function<void()> tidied_;
  const std::function<void()> failed_;
  std::thread thread_;
  Mutex mutex_;
  CondVar stop_requested_;
  bool stopping_ TM_GUARDED_BY(mutex_) = false;
  std::optional<Error> error_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_HOUSEKEEPER_H
