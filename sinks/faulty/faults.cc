#include "faulty/faults.h"

#include <algorithm>

namespace tidemark::sinks::faulty {
namespace {

// SplitMix64: neighbouring inputs give unrelated outputs.
uint64_t hash(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// Independent draws of one call, each in [0, 1).
class Dice {
 public:
  Dice(uint64_t seed, uint64_t call) : state_(hash(seed) ^ hash(call + 0x5851F42D4C957F2Dull)) {}
  double next() { return static_cast<double>(hash(state_ += 0xD1342543DE82EF95ull) >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace

Faults::Faults(const FaultRates& rates)
    : rates_(rates),
      quiet_(rates.delay_jitter_ms == 0 && rates.error_rate == 0 && rates.throttle_rate == 0 &&
             rates.no_space_rate == 0 && rates.lose_answer_rate == 0 && rates.short_read_rate == 0) {}

Lot Faults::draw() {
  Lot lot;
  lot.delay_ms = rates_.delay_ms;
  if (quiet_) return lot;
  Dice dice(rates_.seed, calls_.fetch_add(1, std::memory_order_relaxed));
  // Always the same number of draws in the same order: a changed rate leaves the other faults where they
  // were.
  lot.delay_ms += static_cast<uint64_t>(dice.next() * static_cast<double>(rates_.delay_jitter_ms + 1));
  lot.error = dice.next() < rates_.error_rate;
  lot.throttle = dice.next() < rates_.throttle_rate;
  lot.no_space = dice.next() < rates_.no_space_rate;
  lot.lose_answer = dice.next() < rates_.lose_answer_rate;
  lot.short_read = dice.next() < rates_.short_read_rate;
  lot.cut = dice.next();
  return lot;
}

uint64_t Link::pass_us(uint64_t bytes, uint64_t now_us) {
  if (bytes_per_second_ == 0) return 0;
  const auto took_us =
      static_cast<uint64_t>(static_cast<double>(bytes) * 1e6 / static_cast<double>(bytes_per_second_));
  uint64_t free_at_us = free_at_us_.load();
  uint64_t end_us = 0;
  do {
    end_us = std::max(free_at_us, now_us) + took_us;
  } while (!free_at_us_.compare_exchange_weak(free_at_us, end_us));
  return end_us - now_us;
}

}  // namespace tidemark::sinks::faulty
