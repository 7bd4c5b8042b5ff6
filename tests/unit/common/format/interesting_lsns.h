// LSNs at which texts and names could go wrong, ascending.
#ifndef TIDEMARK_TESTS_UNIT_COMMON_FORMAT_INTERESTING_LSNS_H
#define TIDEMARK_TESTS_UNIT_COMMON_FORMAT_INTERESTING_LSNS_H

#include <algorithm>
#include <random>
#include <vector>

#include "format/types.h"

namespace tidemark::test {

inline std::vector<Lsn> interesting_lsns() {
  std::vector<Lsn> lsns = {1, 2, 35, 36, 37, 1295, 1296, kEveryLsn - 1, kEveryLsn};
  for (int bit = 1; bit < 64; ++bit) {
    const Lsn power = Lsn{1} << bit;
    lsns.insert(lsns.end(), {power - 1, power, power + 1});
  }
  std::mt19937_64 random(42);
  for (int i = 0; i < 2000; ++i) lsns.push_back((random() >> (random() % 64)) | 1);
  std::sort(lsns.begin(), lsns.end());
  lsns.erase(std::unique(lsns.begin(), lsns.end()), lsns.end());
  return lsns;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_COMMON_FORMAT_INTERESTING_LSNS_H
