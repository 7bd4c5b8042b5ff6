// What is counted by storage. Their names are the host's, so their number is bounded: what comes after the
// first kMost is counted together, under a name that no storage can have. Never by partition.
//
// Any thread. A Row lives as long as the Storages; its numbers are atomics.
#ifndef TIDEMARK_METRICS_STORAGES_H
#define TIDEMARK_METRICS_STORAGES_H

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace tidemark::metrics {

class Storages {
 public:
  static constexpr size_t kMost = 64;
  static constexpr const char* kOther = "(other)";

  struct Row {
    prometheus::Counter& entries;
    prometheus::Counter& bytes;
    prometheus::Counter& failed;
    prometheus::Counter& conflicts;
    prometheus::Counter& gaps;
    prometheus::Gauge& archived_at;
    prometheus::Gauge& acknowledged_at;
  };

  explicit Storages(prometheus::Registry& registry);
  // That of the storage; where there is no memory for it, the one of all others.
  Row& row(std::string_view storage) noexcept;

 private:
  template <class T>
  using Family = prometheus::Family<T>;
  Row make(const std::string& storage);

  Family<prometheus::Counter>& entries_;
  Family<prometheus::Counter>& bytes_;
  Family<prometheus::Counter>& failed_;
  Family<prometheus::Counter>& conflicts_;
  Family<prometheus::Counter>& gaps_;
  Family<prometheus::Gauge>& archived_at_;
  Family<prometheus::Gauge>& acknowledged_at_;
  Row other_;
  Mutex mutex_;
  std::map<std::string, Row, std::less<>> rows_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::metrics

#endif  // TIDEMARK_METRICS_STORAGES_H
