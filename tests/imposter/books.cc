#include "imposter/books.h"

#include <utility>

namespace imposter {

void Books::log(Logged line) {
  const std::lock_guard lock(mutex_);
  if (!line.operation.empty()) ++counts_[line.operation];
  ++counts_["status." + std::to_string(line.status)];
  if (line.fault != Fault::kNone) ++counts_["fault." + std::string(name_of(line.fault))];
  log_.push_back(std::move(line));
  if (log_.size() > kLogged) log_.pop_front();
}

std::deque<Logged> Books::logged() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::map<std::string, uint64_t> Books::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace imposter
