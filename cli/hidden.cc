#include "hidden.h"

#include <algorithm>

#include "text.h"

namespace tidemark::cli {

namespace {

uint64_t epoch_of(const Stored& stored) { return std::max(kFirstEpoch, stored.epoch); }

}  // namespace

Result<std::optional<Stored>> HiddenArchives::find(const std::string& storage, uint64_t partition,
                                                   Range missing, uint64_t epoch, Stop& stop) {
  std::optional<Stored> newest;
  TM_ASSIGN(const auto lineage, histories_.lineage(storage, stop));
  const auto chain = epoch == 0 ? histories_.chosen(storage, stop) : lineage->chain_of(epoch);
  // Records that are damaged, or not there, are told by who looks at them.
  if (!chain && chain.error().exit_code == kExitData) return newest;
  if (!chain) return chain.error();
  if (!chain->is_long() || looks_ == kLooksMax) return newest;
  ++looks_;
  const auto visit = [&](const Stored& stored) {
    const bool is_of_chain = stored.kind == TIDEMARK_STORED_ARCHIVE && chain->contains(epoch_of(stored));
    const bool has_some = stored.first <= missing.last && stored.last >= missing.first;
    if (is_of_chain && has_some && (!newest || newest->epoch < stored.epoch)) newest = stored;
    return stored.last <= missing.last || stored.last - missing.last < kArchiveEntriesMax;
  };
  TM_TRY(histories_.archive().scan({storage, partition}, missing.first, visit, stop));
  return newest;
}

std::string hidden_text(const Stored& hidden) {
  const std::string epoch = std::to_string(epoch_of(hidden));
  return "; but " + printable(hidden.key) + ", of epoch " + epoch +
         ", which this history continues, has some of it: look with --epoch " + epoch +
         "; a listing may have left it out when the loss was recorded";
}

}  // namespace tidemark::cli
