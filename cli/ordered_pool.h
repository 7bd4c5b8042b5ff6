// Work on several threads whose results are taken in the order in which the work was given.
//
// One thread, the owner, gives and takes; the functions run on threads of the pool, or on threads that it
// shares with other pools. The owner limits what is in progress: it calls submit() only while pending() is
// below what it wants to hold.
#ifndef TIDEMARK_CLI_ORDERED_POOL_H
#define TIDEMARK_CLI_ORDERED_POOL_H

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "base/mutex.h"
#include "workers.h"

namespace tidemark::cli {

class OrderedPool {
 public:
  using Epilogue = std::function<void()>;  // runs on the owner's thread, in order
  using Work = std::function<Epilogue()>;  // runs on a thread of the pool

  explicit OrderedPool(unsigned threads);  // of its own
  explicit OrderedPool(Workers& workers);  // that live longer
  ~OrderedPool();                          // what was not begun is dropped; waits for what was
  OrderedPool(const OrderedPool&) = delete;
  OrderedPool& operator=(const OrderedPool&) = delete;

  void submit(Work work);
  void submit_done(Epilogue epilogue);  // nothing to work on, but a place in the order
  size_t pending();
  // The oldest, if it is done or becomes so within the time.
  std::optional<Epilogue> take(std::chrono::milliseconds wait);

 private:
  struct Item {
    Work work;
    Epilogue epilogue;
    bool done = false;
  };
  // What the threads see of the pool: it lives as long as one of them may still look for work of a pool that
  // has ended.
  struct Queue {
    Mutex mutex;
    CondVar oldest_done, none_runs;
    std::deque<std::shared_ptr<Item>> order TM_GUARDED_BY(mutex);
    std::deque<std::shared_ptr<Item>> waiting TM_GUARDED_BY(mutex);
    size_t running TM_GUARDED_BY(mutex) = 0;
    void run_one() TM_EXCLUDES(mutex);
  };

  std::unique_ptr<Workers> own_;
  Workers& workers_;
  const std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_ORDERED_POOL_H
