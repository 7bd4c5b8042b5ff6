// Which segments are given to the archiver at once, although PostgreSQL offers one file at a time: from the
// lowest of a timeline that is not archived yet up to some that are ready after the one that is offered.
//
// One thread. Looks at single names where it can: a directory is read once for each timeline, and again after
// a long jump.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_WINDOW_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_WINDOW_H

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

struct SegmentRange {
  uint64_t low = 0, high = 0;  // inclusive
  friend bool operator==(const SegmentRange&, const SegmentRange&) = default;
};

class Window {
 public:
  Window(std::string wal_directory, Cluster cluster)
      : wal_directory_(std::move(wal_directory)), cluster_(cluster) {}

  // Around a segment that is offered, so whose .ready is there. `ahead`: how many after it.
  Result<SegmentRange> around(uint32_t timeline, uint64_t segment, uint32_t ahead);

 private:
  bool is_there(uint32_t timeline, uint64_t segment) const;
  bool has_status(uint32_t timeline, uint64_t segment, const char* suffix) const;
  Result<SegmentRange> read_directories(uint32_t timeline, uint64_t segment) const;
  uint64_t raised_low(uint32_t timeline, uint64_t low, uint64_t segment) const;

  const std::string wal_directory_;
  const Cluster cluster_;
  std::map<uint32_t, SegmentRange> known_;  // by timeline, the newest few
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_WINDOW_H
