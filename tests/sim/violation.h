// A broken rule: thrown by the fakes and the model, caught by whoever runs a seed.
#ifndef TIDEMARK_SIM_VIOLATION_H
#define TIDEMARK_SIM_VIOLATION_H

#include <stdexcept>
#include <string>

#include "core/types.h"

namespace tidemark::sim {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const char* rule) {
  if (!holds) [[unlikely]]
    throw Violation(rule);
}

inline void require(bool holds, const char* rule, core::PartitionRef ref, Lsn lsn = kNoLsn) {
  if (holds) [[likely]]
    return;
  std::string text = std::string(rule) + " (ref " + std::to_string(ref);
  if (lsn != kNoLsn) text += ", lsn " + std::to_string(lsn);
  throw Violation(text + ")");
}

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_VIOLATION_H
