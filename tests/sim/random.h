// The one source of randomness of a simulated run: everything that happens follows from the seed.
//
// A value; one owner.
#ifndef TIDEMARK_SIM_RANDOM_H
#define TIDEMARK_SIM_RANDOM_H

#include <cstdint>

namespace tidemark::sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0xD1342543DE82EF95U + 0x2545F4914F6CDD1DU) {}

  uint64_t next() {  // splitmix64
    uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t n) { return next() % n; }  // n > 0
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  bool chance(uint64_t percent) { return below(100) < percent; }

 private:
  uint64_t state_;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_RANDOM_H
