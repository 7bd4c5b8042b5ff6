// Decides what goes wrong, and how long a link takes: pure numbers, from a seed, so that a run can be
// repeated.
//
// Any thread, without locks. The n-th call to a sink draws the same faults whenever seed and rates are the
// same; with several threads chance decides which of them makes the n-th call.
#ifndef TIDEMARK_SINKS_FAULTY_FAULTS_H
#define TIDEMARK_SINKS_FAULTY_FAULTS_H

#include <atomic>
#include <cstdint>

namespace tidemark::sinks::faulty {

struct FaultRates {
  uint64_t seed = 1;
  uint64_t delay_ms = 0;
  uint64_t delay_jitter_ms = 0;
  double error_rate = 0;        // RETRYABLE, nothing done
  double throttle_rate = 0;     // THROTTLED, nothing done
  double no_space_rate = 0;     // put: NO_SPACE, nothing done
  double lose_answer_rate = 0;  // put and remove: done, but RETRYABLE
  double short_read_rate = 0;   // get: a part delivered, then RETRYABLE
};

// The lot of one call.
struct Lot {
  uint64_t delay_ms = 0;
  bool error = false;
  bool throttle = false;
  bool no_space = false;
  bool lose_answer = false;
  bool short_read = false;
  double cut = 0;  // where a short read ends, as a share of the first piece
};

class Faults {
 public:
  explicit Faults(const FaultRates& rates);
  Lot draw();

 private:
  const FaultRates rates_;
  const bool quiet_;  // nothing can go wrong: no counting, so that the null sink's threads share nothing
  std::atomic<uint64_t> calls_{0};
};

// A link that all bodies share, one after the other.
class Link {
 public:
  static constexpr uint64_t kMostBytesPerSecond = uint64_t{1} << 40;

  // 0: without a limit.
  explicit Link(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}
  // How long from `now_us` on until so many bytes have passed it, after all that came before.
  uint64_t pass_us(uint64_t bytes, uint64_t now_us);

 private:
  const uint64_t bytes_per_second_;
  std::atomic<uint64_t> free_at_us_{0};
};

}  // namespace tidemark::sinks::faulty

#endif  // TIDEMARK_SINKS_FAULTY_FAULTS_H
