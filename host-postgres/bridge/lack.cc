#include "bridge/lack.h"

#include <algorithm>

namespace tidemark::postgres {

namespace {

constexpr uint64_t kFirstStep = 64, kStepFactor = 8;

}  // namespace

// Backwards in growing steps: what is lacked lies near the end, and an archive may have a million names.
Result<Lack> find_lack(const ListFrom& list, uint64_t through) {
  uint64_t newest = 0, next = 0;
  for (uint64_t step = kFirstStep;; step = step > through / kStepFactor ? through : step * kStepFactor) {
    const bool is_all = step >= through;
    TM_TRY(list(is_all ? 1 : through + 1 - step, [&](uint64_t first, uint64_t last) {
      if (first > through) {
        next = first;
        return false;
      }
      newest = std::max(newest, last);
      return true;
    }));
    if (newest != 0 || is_all) break;
  }
  if (newest == 0) return Lack{0, 0, true};
  if (newest >= through && next == 0) return Lack{0, 0, newest > through};
  const uint64_t last = next == 0 ? through : next - 1;
  if (newest >= last) return Lack{0, 0, true};
  return Lack{newest + 1, last, next != 0};
}

}  // namespace tidemark::postgres
