// What the scheduler's jobs work on: the host's logs and the sinks, both stricter than the real ones.
//
// A content is a number: equal numbers are equal bytes. Nothing here knows the scheduler's state; what it
// answers to a job is computed by looking at everything.
#ifndef TIDEMARK_SIM_WORLD_H
#define TIDEMARK_SIM_WORLD_H

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/scheduler.h"
#include "core/types.h"
#include "random.h"

namespace tidemark::sim {

using core::TimeMs;

using Content = uint32_t;
inline constexpr Content kNoContent = 0;

// The log of one partition: entries low..high, some of which may be missing for a time or for good.
class FakeLog {
 public:
  FakeLog(Lsn base, Content* versions) : base_(base), versions_(versions), low_(base + 1), high_(base) {}

  Lsn low() const { return low_; }
  Lsn high() const { return high_; }  // low() - 1 when empty
  Lsn base() const { return base_; }
  Lsn acked() const { return acked_; }

  void commit(uint64_t entries);
  void acknowledge(Lsn lsn) { acked_ = lsn > acked_ ? lsn : acked_; }
  void lose_through(Lsn lsn);  // low becomes lsn + 1, if that is a step forward; whatever was acknowledged
  void hide(Lsn lsn, TimeMs until);  // not to be found before `until`
  void unhide_all();                 // except what is missing for good
  // A state of the past: what was above `high` is written again, with other content.
  void restore(Lsn low, Lsn high);

  Content read(Lsn lsn, TimeMs now) const;  // kNoContent: not found
  // What the entry was when the log had it last.
  Content last_content(Lsn lsn) const;

 private:
  struct Entry {
    Content content = kNoContent;
    TimeMs hidden_until = 0;
  };
  size_t index(Lsn lsn) const { return static_cast<size_t>(lsn - base_); }

  Lsn base_;
  Content* versions_;  // the last content that any log of the world was given
  Lsn low_;
  Lsn high_;
  Lsn acked_ = kNoLsn;
  std::vector<Entry> entries_;
};

// A create-only map from (partition, range, coding) to contents, and the gap records beside it.
class FakeSink {
 public:
  enum class Put : uint8_t { kCreated, kEqual, kDifferent };

  explicit FakeSink(size_t partitions) : partitions_(partitions) {}

  // Visible then; durable once it was answered.
  Put put(size_t partition, Range range, Coding coding, const std::vector<Content>& contents);
  uint64_t puts() const { return puts_; }
  // A call for the archive or record of that range was answered: it is durable, and so is all of the
  // partition that was visible before the call, when so many puts had been made.
  void answered(size_t partition, Range range, uint64_t puts_before);
  // A question now, if what holds `lsn` is there.
  void ask(size_t partition, Lsn lsn);
  bool is_durable(size_t partition, Lsn lsn) const;  // an archive that holds it
  // The partition begins after `last`.
  void put_origin(size_t partition, Lsn last) { partitions_[partition].origin = last; }
  bool is_empty(size_t partition) const;
  void put_gap(size_t partition, Range range) {
    partitions_[partition].gaps.insert({range.last, range.first});
  }
  // nullptr: there is no archive of exactly this range in this coding.
  const std::vector<Content>* find(size_t partition, Range range, Coding coding) const;
  bool holds(size_t partition, Lsn lsn, std::optional<Content> content) const;
  bool holds_gap(size_t partition, Lsn lsn) const;
  // Archives that hold something from `first` on, ascending by last, `limit` of them and those that reach
  // back among them; the LSN up to which that is all.
  Lsn list(size_t partition, Lsn first, size_t limit, std::vector<core::Found>& out) const;
  // What a reader gets who takes the first archive that holds `lsn`.
  Content read(size_t partition, Lsn lsn) const;
  // The lowest hole before `first` of which no record says why, if something older is there.
  std::optional<Range> hole_before(size_t partition, Lsn first) const;
  // Whether an archive or a record lies before `lsn`.
  bool holds_older(size_t partition, Lsn lsn) const;
  // What gap records say of the entries before `first` and is not archived, ascending.
  std::vector<Range> gaps_before(size_t partition, Lsn first) const;

 private:
  using Key = std::pair<Lsn, Lsn>;  // last, first: the order of keys in a sink
  struct ArchiveKey {
    Lsn last, first;
    Coding coding = Coding::kNone;
    friend auto operator<=>(const ArchiveKey&, const ArchiveKey&) = default;
  };
  struct Partition {
    std::map<ArchiveKey, std::vector<Content>> archives;
    std::set<Key> gaps;
    std::map<ArchiveKey, uint64_t> fragile;  // that are not durable yet, and which put each of them was
    Lsn origin = kNoLsn;
  };
  uint64_t puts_ = 0;
  std::vector<Partition> partitions_;
};

struct World {
  Content versions = kNoContent;
  std::vector<FakeLog> logs;
  std::vector<FakeSink> sinks;
  size_t list_limit = 1000;
  uint64_t batch_size = 1000;     // of an archive, in the units of size_of()
  Coding coding = Coding::kNone;  // of what is archived now
  bool report_known_gaps = false;

  // Does the job, honestly, against the sink it was meant for.
  core::JobResult execute(size_t partition, size_t sink, const core::Job& job, TimeMs now);
  // How far an archive of the range would reach: up to an entry that is missing, or that is too much.
  Lsn reach(size_t partition, Range range, TimeMs now) const;

 private:
  static uint64_t size_of(Lsn lsn) { return 1 + lsn * 7919 % 13; }
  core::JobResult discover(size_t partition, FakeSink& sink, const core::Job& job) const;
  core::JobResult verify(size_t partition, const FakeSink& sink, const core::Job& job, TimeMs now) const;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_WORLD_H
