// Threads that several pieces of work share, so that all together have one limit: what was given first begins
// first.
//
// Any thread may call submit(). The destructor waits for what was begun and drops the rest; a function must
// not wait for another that was given later.
#ifndef TIDEMARK_CLI_WORKERS_H
#define TIDEMARK_CLI_WORKERS_H

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace tidemark::cli {

class Workers {
 public:
  explicit Workers(unsigned threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void submit(std::function<void()> work) TM_EXCLUDES(mutex_);
  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

 private:
  void run() TM_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar work_there_;
  std::deque<std::function<void()>> waiting_ TM_GUARDED_BY(mutex_);
  bool closing_ TM_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_WORKERS_H
