// Where the time of archiving goes, stage by stage: a histogram for each.
//
// add(): one thread for each shard at a time, which costs it a few instructions. Collect(): any thread.
#ifndef TIDEMARK_METRICS_STAGES_H
#define TIDEMARK_METRICS_STAGES_H

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

namespace tidemark::metrics {

enum class Stage : uint8_t {
  kAcquire,      // the host lends the entries
  kStat,         // their files are found, named and measured
  kRead,         // their bytes are read and digested
  kEncode,       // they are compressed and encrypted
  kPut,          // the sink makes the archive durable, without what it reads from the source
  kAcknowledge,  // the host's acknowledge callback
};
inline constexpr size_t kStages = 6;

using Duration = std::chrono::nanoseconds;

class Stages : public prometheus::Collectable {
 public:
  // Upper bounds; one more bucket holds the rest.
  static constexpr size_t kBounds = 20;

  // What one thread counts.
  class Shard {
   public:
    void add(Stage stage, Duration duration);

   private:
    friend class Stages;
    struct Times {
      std::array<std::atomic<uint64_t>, kBounds + 1> buckets{};
      std::atomic<uint64_t> sum_ns{0};
    };
    std::array<Times, kStages> times_;
  };

  explicit Stages(uint32_t shards) : shards_(shards) {}
  Shard& shard(uint32_t number) { return shards_[number]; }
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::deque<Shard> shards_;
};

}  // namespace tidemark::metrics

#endif  // TIDEMARK_METRICS_STAGES_H
