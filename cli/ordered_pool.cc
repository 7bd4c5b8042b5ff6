#include "ordered_pool.h"

#include <cassert>
#include <utility>

namespace tidemark::cli {

OrderedPool::OrderedPool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

OrderedPool::~OrderedPool() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
    waiting_.clear();
  }
  work_there_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void OrderedPool::submit(Work work) {
  auto item = std::make_shared<Item>(Item{std::move(work), {}, false});
  {
    MutexLock lock(mutex_);
    assert(!closing_);
    order_.push_back(item);
    waiting_.push_back(std::move(item));
  }
  work_there_.notify_one();
}

void OrderedPool::submit_done(Epilogue epilogue) {
  MutexLock lock(mutex_);
  order_.push_back(std::make_shared<Item>(Item{{}, std::move(epilogue), true}));
}

size_t OrderedPool::pending() {
  MutexLock lock(mutex_);
  return order_.size();
}

std::optional<OrderedPool::Epilogue> OrderedPool::take(std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  MutexLock lock(mutex_);
  while (!order_.empty() && !order_.front()->done && std::chrono::steady_clock::now() < until)
    oldest_done_.wait_until(mutex_, until);
  if (order_.empty() || !order_.front()->done) return std::nullopt;
  Epilogue epilogue = std::move(order_.front()->epilogue);
  order_.pop_front();
  return epilogue;
}

void OrderedPool::run() {
  for (;;) {
    std::shared_ptr<Item> item;
    {
      MutexLock lock(mutex_);
      while (!closing_ && waiting_.empty()) work_there_.wait(mutex_);
      if (waiting_.empty()) return;
      item = std::move(waiting_.front());
      waiting_.pop_front();
    }
    Epilogue epilogue = item->work();
    MutexLock lock(mutex_);
    assert(!item->done);
    item->epilogue = std::move(epilogue);
    item->done = true;
    oldest_done_.notify_one();
  }
}

}  // namespace tidemark::cli
