#include "ordered_pool.h"

#include <cassert>
#include <utility>

namespace tidemark::cli {

OrderedPool::OrderedPool(unsigned threads) : own_(std::make_unique<Workers>(threads)), workers_(*own_) {}

OrderedPool::OrderedPool(Workers& workers) : workers_(workers) {}

OrderedPool::~OrderedPool() {
  MutexLock lock(queue_->mutex);
  queue_->waiting.clear();
  queue_->order.clear();
  while (queue_->running > 0) queue_->none_runs.wait(queue_->mutex);
}

void OrderedPool::submit(Work work) {
  auto item = std::make_shared<Item>(Item{std::move(work), {}, false});
  {
    MutexLock lock(queue_->mutex);
    queue_->order.push_back(item);
    queue_->waiting.push_back(std::move(item));
  }
  workers_.submit([queue = queue_] { queue->run_one(); });
}

void OrderedPool::submit_done(Epilogue epilogue) {
  MutexLock lock(queue_->mutex);
  queue_->order.push_back(std::make_shared<Item>(Item{{}, std::move(epilogue), true}));
}

size_t OrderedPool::pending() {
  MutexLock lock(queue_->mutex);
  return queue_->order.size();
}

std::optional<OrderedPool::Epilogue> OrderedPool::take(std::chrono::milliseconds wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  Queue& queue = *queue_;
  MutexLock lock(queue.mutex);
  while (!queue.order.empty() && !queue.order.front()->done && std::chrono::steady_clock::now() < until)
    queue.oldest_done.wait_until(queue.mutex, until);
  if (queue.order.empty() || !queue.order.front()->done) return std::nullopt;
  Epilogue epilogue = std::move(queue.order.front()->epilogue);
  queue.order.pop_front();
  return epilogue;
}

void OrderedPool::Queue::run_one() {
  std::shared_ptr<Item> item;
  {
    MutexLock lock(mutex);
    if (waiting.empty()) return;  // it has ended
    item = std::move(waiting.front());
    waiting.pop_front();
    ++running;
  }
  Epilogue epilogue = item->work();
  item->work = nullptr;  // what it holds must not outlive the owner of the pool
  MutexLock lock(mutex);
  assert(!item->done && running > 0);
  item->epilogue = std::move(epilogue);
  item->done = true;
  --running;
  oldest_done.notify_one();
  none_runs.notify_one();
}

}  // namespace tidemark::cli
