// What one partition has after its next LSN: archives on their way, those that were finished before an
// earlier one, and those of which the sink did not say whether they are there. Kept only while there are any.
//
// Each of these is a piece. Pieces are disjoint and ascending; their number is bounded by what may be in
// flight, see is_crowded.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_WINDOW_H
#define TIDEMARK_CORE_WINDOW_H

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/reserve.h"
#include "core/types.h"

namespace tidemark::core {

class Window {
 public:
  // `batch`: how many entries an archive may hold; `inflight`: how many may be on their way.
  Window(uint32_t batch, uint32_t inflight, Reserve* reserve = nullptr)
      : batch_(batch), inflight_(inflight), offer_(batch), pieces_(reserve) {}

  // The first entries of next..high that no job has and no archive holds: up to the next piece; or a range
  // that was tried before, which is tried again as it was, so that it gets the name it had.
  std::optional<Range> first_open(Lsn next, Lsn high) const;
  // How many entries fill an archive: what `batch` says or, if entries are large, what the last one took,
  // then up to twice that if they would fit. If a job got more, entries would stay open between archives that
  // are on their way already.
  uint32_t offer() const { return offer_; }
  // While there are that many pieces, only entries right at the next LSN may be begun.
  bool is_crowded() const { return pieces_.size() >= size_t{2} * inflight_; }

  void started(Range range);
  // Archived up to `through`; the rest is open again. `fitting`: how many such entries an archive holds; 0:
  // not known.
  void finished(Range range, Lsn through, uint32_t fitting = 0);
  void failed(Range range) { erase(range.first); }
  // The sink may hold `range`, or not.
  void remember(Range range) { insert({range, State::kTried}); }
  void forget_tried();

  // Everything below `next` is done: the LSN up to which archives follow without a hole, plus one.
  Lsn pass(Lsn next);
  uint64_t archived_entries() const;
  // The first that was archived already, or none.
  Lsn first_archived() const;
  bool empty() const { return pieces_.empty(); }

 private:
  enum class State : uint8_t { kRunning, kArchived, kTried };
  struct Piece {
    Range range;
    State state;
  };
  void insert(Piece piece);
  void erase(Lsn first);

  const uint32_t batch_;
  const uint32_t inflight_;
  uint32_t offer_;
  std::vector<Piece, Reserved<Piece>> pieces_;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_WINDOW_H
