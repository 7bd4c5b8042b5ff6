// The steps that a claim and a takeover have in common.
//
// Free functions; threads as for claim.h. `where` says whose an error is.
#ifndef TIDEMARK_LINEAGE_CLAIM_STEPS_H
#define TIDEMARK_LINEAGE_CLAIM_STEPS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "lineage/claim.h"
#include "lineage/lineage_file.h"
#include "sink/sink.h"

namespace tidemark::lineage {

std::string host_name();
Claimed trouble(Trouble what, Error error);

struct Newest {
  uint64_t epoch = 0;  // 0: no record
  EpochRecord record;
  std::vector<uint64_t> recorded;  // all whose records can be whole, ascending
  bool is_first_cut = false;       // the first epoch needs no record, but not a damaged one
};

// What was damaged on its way here is right the second time, and a store may say once that it does not have
// what it has.
Result<EpochRecord> read_twice(sink::Sink& sink, std::string_view storage, uint64_t epoch,
                               const Call& deadline);
// RETRYABLE: a store that lists a record and does not have it knows no answer yet.
Error only_listed(std::string_view storage, uint64_t epoch);

// What the newest record says, or why it cannot be known.
Result<Newest> look(sink::Sink& sink, std::string_view storage, const Call& deadline, Trouble* where);

std::string described(std::string_view storage, const Newest& newest);
Error other_owner(std::string_view storage, const Newest& newest, const LineageFile& file, const Id& owner);

struct Next {
  uint64_t epoch;
  std::optional<size_t> continues;
  Claim how;
  std::string_view reason;
};

// Remembers, then claims. EXISTS: somebody else was quicker.
Result<Claimed> claim_next(sink::Sink& sink, std::string_view storage, LineageFile& file,
                           const std::vector<core::RememberedEpoch>& remembered, const Next& next,
                           const Call& deadline, Trouble* where);

}  // namespace tidemark::lineage

#endif  // TIDEMARK_LINEAGE_CLAIM_STEPS_H
