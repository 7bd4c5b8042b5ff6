// What an archive's listing says of one file: it is held, it never was or is no more, or it is missing. This
// decides whether a server that recovers ends its recovery, so "not there" alone is no answer.
//
// Pure; one thread.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_FIND_H
#define TIDEMARK_HOST_POSTGRES_TOOL_FIND_H

#include <cstdint>
#include <string>
#include <vector>

namespace tidemark::postgres {

enum class Finding : uint8_t {
  kHeld,
  kEnd,     // and nothing lies after it
  kBefore,  // the archive begins after it, or it was pruned
  kHole,    // something lies after it
};

class Find {
 public:
  // What is listed from `lsn` on, by last LSN, one after the other. `all`: every archive that holds it, else
  // the first.
  Find(uint64_t lsn, bool all) : lsn_(lsn), all_(all) {}

  // `kind` is one of TIDEMARK_STORED_*. False: enough was seen.
  bool add(int32_t kind, uint64_t first, uint64_t last, const std::string& key);
  Finding finding() const;
  const std::vector<std::string>& keys() const { return keys_; }
  uint64_t first_after() const { return first_after_; }  // of a hole: the next that is there; 0: none

 private:
  const uint64_t lsn_;
  const bool all_;
  std::vector<std::string> keys_;
  uint64_t first_after_ = 0;
  bool is_before_ = false;
  bool is_recorded_lost_ = false;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_FIND_H
