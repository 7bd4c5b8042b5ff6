// Work on several threads whose results are taken in the order in which the work was given.
//
// One thread, the owner, gives and takes; the functions run on threads of the pool. The owner limits what is
// in progress: it calls submit() only while pending() is below what it wants to hold.
#ifndef TIDEMARK_CLI_ORDERED_POOL_H
#define TIDEMARK_CLI_ORDERED_POOL_H

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace tidemark::cli {

class OrderedPool {
 public:
  using Epilogue = std::function<void()>;  // runs on the owner's thread, in order
  using Work = std::function<Epilogue()>;  // runs on a thread of the pool

  explicit OrderedPool(unsigned threads);
  ~OrderedPool();  // what was not begun is dropped; waits for what was
  OrderedPool(const OrderedPool&) = delete;
  OrderedPool& operator=(const OrderedPool&) = delete;

  void submit(Work work) TM_EXCLUDES(mutex_);
  void submit_done(Epilogue epilogue) TM_EXCLUDES(mutex_);  // nothing to work on, but a place in the order
  size_t pending() TM_EXCLUDES(mutex_);
  // The oldest, if it is done or becomes so within the time.
  std::optional<Epilogue> take(std::chrono::milliseconds wait) TM_EXCLUDES(mutex_);

 private:
  struct Item {
    Work work;
    Epilogue epilogue;
    bool done = false;
  };
  void run() TM_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar work_there_, oldest_done_;
  std::deque<std::shared_ptr<Item>> order_ TM_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Item>> waiting_ TM_GUARDED_BY(mutex_);
  bool closing_ TM_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_ORDERED_POOL_H
