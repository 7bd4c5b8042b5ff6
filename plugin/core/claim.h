// Who may claim the next epoch of a storage: the decision, from what a data directory remembers and what the
// sink has. No lease and no clock: a host that is refused, or that does not notice in time, harms nobody,
// because it writes under the number of an epoch that is its own.
//
// Pure; any thread.
#ifndef TIDEMARK_CORE_CLAIM_H
#define TIDEMARK_CORE_CLAIM_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "format/chain.h"
#include "format/epoch_record.h"

namespace tidemark::core {

// An epoch that this data directory claimed, or tried to: it is remembered before it is claimed, so that
// whoever finds its record knows it again. One storage may lie in several sinks: `archive` is the same for
// epochs that continue one another.
struct RememberedEpoch {
  Id archive{};
  uint64_t epoch = 0;
  Id claim{};   // as in its record
  Chain chain;  // it, and what it continues
  friend bool operator==(const RememberedEpoch&, const RememberedEpoch&) = default;
};

// The newest record that the sink has.
struct NewestEpoch {
  uint64_t epoch = 0;
  Id owner{};
  Id claim{};
};

enum class ClaimVerdict : uint8_t {
  kMay,
  kSuperseded,  // of the same data, but not what is remembered: it was restored, or another took over
  kOtherOwner,
};

struct ClaimDecision {
  ClaimVerdict verdict = ClaimVerdict::kMay;
  uint64_t epoch = 0;               // to claim
  std::optional<size_t> continues;  // which of those remembered; none: the first of an archive
  // Which of those remembered is claimed first, with the claim that is remembered; then it is decided again.
  // It was the last to continue the newest, and its record never got there or is lost: what was archived
  // under its number is of this data.
  std::optional<size_t> unfinished;
};

// The last one that continues `remembered[continues]`.
inline std::optional<size_t> find_unfinished(std::span<const RememberedEpoch> remembered, size_t continues) {
  const RememberedEpoch& newest = remembered[continues];
  for (size_t i = remembered.size(); i-- > 0;) {
    const RememberedEpoch& one = remembered[i];
    if (one.archive == newest.archive && one.epoch > newest.epoch &&
        one.chain.before(one.epoch) == newest.epoch)
      return i;
  }
  return std::nullopt;
}

inline ClaimDecision decide_claim(const Id& owner, std::span<const RememberedEpoch> remembered,
                                  const std::optional<NewestEpoch>& newest) {
  if (!newest) return {ClaimVerdict::kMay, kFirstEpoch, std::nullopt, std::nullopt};
  if (newest->owner != owner) return {ClaimVerdict::kOtherOwner, 0, std::nullopt, std::nullopt};
  for (size_t i = 0; i < remembered.size(); ++i) {
    if (remembered[i].epoch == newest->epoch && remembered[i].claim == newest->claim)
      return {ClaimVerdict::kMay, newest->epoch + 1, i, find_unfinished(remembered, i)};
  }
  return {ClaimVerdict::kSuperseded, 0, std::nullopt, std::nullopt};
}

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_CLAIM_H
