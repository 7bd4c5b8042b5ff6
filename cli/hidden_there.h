// What of one partition the destination of a copy hides, because it was pruned further than the source:
// readers begin after the record, and the next prune there removes what lies before. Pure; one thread.
#ifndef TIDEMARK_CLI_HIDDEN_THERE_H
#define TIDEMARK_CLI_HIDDEN_THERE_H

#include <algorithm>
#include <cstdint>

namespace tidemark::cli {

// All functions in the order of keys, which is that of last LSNs.
class HiddenThere {
 public:
  // An archive of the source that the destination has now.
  void add(uint64_t last) {
    if (last <= source_through_) return;
    ++archives_;
    hidden_ += last <= through_ ? 1 : 0;
  }
  // Records. What the source was pruned up to is hidden on both sides, and was before.
  void pruned_at_source(uint64_t through) {
    source_through_ = std::max(source_through_, through);
    archives_ = hidden_ = 0;
  }
  void pruned_there(uint64_t through) {
    through_ = std::max(through_, through);
    hidden_ = archives_;
  }

  uint64_t archives() const { return hidden_; }
  uint64_t through() const { return through_; }  // the LSN up to which the destination was pruned

 private:
  uint64_t source_through_ = 0, through_ = 0;
  uint64_t archives_ = 0;  // after what the source was pruned up to
  uint64_t hidden_ = 0;    // of these
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_HIDDEN_THERE_H
