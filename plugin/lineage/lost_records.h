// Records of epochs that a data directory continues, and that the archive lost: without one of them nobody
// can tell a history that goes through it, so that nothing of it can be read. The lineage file knows what
// they said.
//
// Free functions; threads as for claim.h.
#ifndef TIDEMARK_LINEAGE_LOST_RECORDS_H
#define TIDEMARK_LINEAGE_LOST_RECORDS_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "core/claim.h"
#include "sink/sink.h"

namespace tidemark::lineage {

// The lowest epoch of a chain, from `from` on, whose record is lost. `recorded` was listed, ascending; what
// it leaves out is asked for, so nothing is asked where all are there. The first epoch needs no record.
//   RETRYABLE  what is there was not listed
//   CORRUPT    the same, and it is damaged
Result<std::optional<uint64_t>> find_lost(sink::Sink& sink, std::string_view storage, const Chain& chain,
                                          std::span<const uint64_t> recorded, uint64_t from,
                                          const Call& deadline);

// What is said where nothing may be archived because of it.
std::string write_again_text(std::string_view storage, uint64_t newest, std::string_view lineage_file);
Error lost(std::string_view storage, uint64_t epoch, uint64_t newest, std::string_view lineage_file);
Error left_out(std::string_view storage, uint64_t epoch);

// Writes the lost records of what `remembered[continues]` continues again, the oldest first, so that the same
// call finishes what was stopped. The claim of one that is not remembered itself is drawn again: only that of
// the newest is ever compared. How many were written.
struct Again {
  const Id& owner;
  std::span<const core::RememberedEpoch> remembered;
  size_t continues;
  std::string_view host;
};
Result<uint64_t> write_lost_again(sink::Sink& sink, std::string_view storage, const Again& again,
                                  std::span<const uint64_t> recorded, const Call& deadline);

// Writes the record of a claim that is remembered (core/claim.h). EXISTS: there is one by now.
Status finish_claim(sink::Sink& sink, std::string_view storage, const Again& again, size_t unfinished,
                    const Call& deadline);

}  // namespace tidemark::lineage

#endif  // TIDEMARK_LINEAGE_LOST_RECORDS_H
