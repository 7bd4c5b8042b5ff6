#include "workers.h"

#include <cassert>
#include <system_error>
#include <utility>

namespace tidemark::cli {

Workers::Workers(unsigned threads) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) {
    try {
      threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {  // this machine has no more of them: fewer do, if there is one
      if (threads_.empty()) throw;
      return;
    }
  }
}

Workers::~Workers() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
    waiting_.clear();
  }
  work_there_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::submit(std::function<void()> work) {
  {
    MutexLock lock(mutex_);
    assert(!closing_);
    waiting_.push_back(std::move(work));
  }
  work_there_.notify_one();
}

void Workers::run() {
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mutex_);
      while (!closing_ && waiting_.empty()) work_there_.wait(mutex_);
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace tidemark::cli
