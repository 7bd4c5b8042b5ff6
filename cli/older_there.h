// Whether a record of where a partition begins would hide something at the destination of a copy: archives
// that the source no longer has, and that reach up to the record without a hole, so that nothing is missing
// that it would explain. Pure; one thread.
#ifndef TIDEMARK_CLI_OLDER_THERE_H
#define TIDEMARK_CLI_OLDER_THERE_H

#include <algorithm>
#include <cstdint>

namespace tidemark::cli {

class OlderThere {
 public:
  // The archives of both sides, in the order of keys.
  void add(uint64_t first, uint64_t last, bool is_only_there) {
    if (through_ == 0 || first > through_ + 1) oldest_ = 0;  // begins again after a hole
    if (is_only_there && oldest_ == 0) oldest_ = last;
    through_ = std::max(through_, last);
  }
  // After all that ends at `last` or before was added, and perhaps one more: the last LSN of the oldest
  // archive that a record of 1..last would hide; 0: none.
  uint64_t hidden_by(uint64_t last) const { return through_ >= last && oldest_ <= last ? oldest_ : 0; }

 private:
  uint64_t oldest_ = 0;  // of those that only the destination has, since the last hole
  uint64_t through_ = 0;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_OLDER_THERE_H
