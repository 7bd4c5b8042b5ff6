#include "bridge/window.h"

#include <unistd.h>

#include <algorithm>

#include "bridge/wal_directory.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kTimelinesKept = 8;
constexpr uint64_t kNamesProbed = 1024;  // of more a directory tells it faster
constexpr const char *kReady = ".ready", *kDone = ".done";

}  // namespace

bool Window::is_there(uint32_t timeline, uint64_t segment) const {
  return ::access((wal_directory_ + "/" + segment_name(timeline, segment, cluster_)).c_str(), F_OK) == 0;
}

bool Window::has_status(uint32_t timeline, uint64_t segment, const char* suffix) const {
  const std::string name = segment_name(timeline, segment, cluster_);
  return ::access((wal_directory_ + "/archive_status/" + name + suffix).c_str(), F_OK) == 0;
}

// low: the lowest that is there and not done. A segment without either status counts: PostgreSQL marks it
// before it removes it, and if the archiver had passed it by then it would be a gap.
Result<SegmentRange> Window::read_directories(uint32_t timeline, uint64_t segment) const {
  SegmentRange range{segment, segment};
  const auto note_high = [&](const WalFile& file) {
    const bool is_one = file.kind == WalKind::kSegment && file.timeline == timeline;
    if (is_one) range.high = std::max(range.high, file.segment);
  };
  const std::string status = wal_directory_ + "/archive_status";
  TM_TRY(each_wal_file(status, kReady, cluster_, note_high));
  TM_TRY(each_wal_file(status, kDone, cluster_, note_high));
  TM_TRY(each_wal_file(wal_directory_, "", cluster_, [&](const WalFile& file) {
    const bool is_lower =
        file.kind == WalKind::kSegment && file.timeline == timeline && file.segment < range.low;
    if (is_lower && !has_status(timeline, file.segment, kDone)) range.low = file.segment;
  }));
  return range;
}

uint64_t Window::raised_low(uint32_t timeline, uint64_t low, uint64_t segment) const {
  while (low < segment && (!is_there(timeline, low) || has_status(timeline, low, kDone))) ++low;
  return low;
}

Result<SegmentRange> Window::around(uint32_t timeline, uint64_t segment, uint32_t ahead) {
  const auto found = known_.find(timeline);
  SegmentRange range;
  if (found == known_.end() || segment > found->second.low + kNamesProbed) {
    TM_ASSIGN(range, read_directories(timeline, segment));
    // A new one is higher than all before it.
    if (found == known_.end() && known_.size() >= kTimelinesKept) known_.erase(known_.begin());
  } else {
    range = found->second;
    // A lower one that turns up late is the lowest.
    range.low = segment < range.low ? segment : raised_low(timeline, range.low, segment);
  }
  range.high = std::max(range.high, segment);
  while (range.high < segment + ahead && has_status(timeline, range.high + 1, kReady)) ++range.high;
  known_[timeline] = range;
  return range;
}

}  // namespace tidemark::postgres
