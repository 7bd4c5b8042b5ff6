#include "lineage/lost_records.h"

#include <algorithm>
#include <string>

#include "base/wall_clock.h"
#include "lineage/lineage_file.h"
#include "store/epochs.h"

namespace tidemark::lineage {
namespace {

// As the lineage file knows it: what `newest` goes back to.
Result<EpochRecord> record_again(const Again& again, const core::RememberedEpoch& newest, uint64_t epoch) {
  EpochRecord record;
  record.made_us = std::max<int64_t>(1, wall_clock_us());
  record.owner = again.owner;
  TM_ASSIGN(record.claim, draw_id());
  if (newest.chain.before(epoch) == 0) record.claim = newest.archive;  // which is called after it
  for (const core::RememberedEpoch& known : again.remembered) {
    if (known.archive == newest.archive && known.epoch == epoch) record.claim = known.claim;
  }
  record.parent = newest.chain.before(epoch);
  record.host = again.host;
  // Whether its parent had ended then is not known: so readers look whether it archived more.
  record.how = Claim::kTakeover;
  record.reason = "its record was lost, and was written again from the lineage file";
  return record;
}

}  // namespace

Result<std::optional<uint64_t>> find_lost(sink::Sink& sink, std::string_view storage, const Chain& chain,
                                          std::span<const uint64_t> recorded, uint64_t from,
                                          const Call& deadline) {
  const auto missing = chain.lowest_not_in(recorded, from);
  if (!missing) return missing;
  TM_ASSIGN(const auto reading, deadline.next_call());
  const auto record = store::read_epoch(sink, storage, *missing, &reading);
  if (record) return left_out(storage, *missing);
  if (record.error().status == TIDEMARK_E_NOT_FOUND) return missing;
  return record.error();
}

std::string write_again_text(std::string_view storage, uint64_t newest, std::string_view lineage_file) {
  return "tidemark takeover URL " + std::string(storage) + " --lineage-file " + std::string(lineage_file) +
         " --over " + std::to_string(newest) + " --reason TEXT, while this host is stopped";
}

Error lost(std::string_view storage, uint64_t epoch, uint64_t newest, std::string_view lineage_file) {
  const std::string who = epoch == newest ? ", with all other records of epochs, although this data began it"
                                          : ", although epoch " + std::to_string(newest) +
                                                ", which this data continues, goes back to it";
  return fail(
      TIDEMARK_E_CORRUPT,
      store::epoch_key(storage, epoch) + " is not there" + who +
          ": without that record nobody can read what is archived, so nothing more of this storage is. "
          "Bring it from a copy; or, if there is none, let it be written again from " +
          std::string(lineage_file) + ": " + write_again_text(storage, newest, lineage_file));
}

Error left_out(std::string_view storage, uint64_t epoch) {
  return fail(TIDEMARK_E_RETRYABLE, store::epoch_key(storage, epoch) +
                                        " is there, and the sink does not list it: nothing is archived "
                                        "where a listing leaves names out");
}

Result<uint64_t> write_lost_again(sink::Sink& sink, std::string_view storage, const Again& again,
                                  std::span<const uint64_t> recorded, const Call& deadline) {
  const core::RememberedEpoch& newest = again.remembered[again.continues];
  uint64_t written = 0;
  for (uint64_t from = kFirstEpoch;; ++written) {
    TM_ASSIGN(const auto missing, find_lost(sink, storage, newest.chain, recorded, from, deadline));
    if (!missing) return written;
    TM_ASSIGN(const EpochRecord record, record_again(again, newest, *missing));
    TM_TRY(store::put_epoch(sink, storage, *missing, record, deadline));
    from = *missing + 1;
  }
}

Status finish_claim(sink::Sink& sink, std::string_view storage, const Again& again, size_t unfinished,
                    const Call& deadline) {
  const core::RememberedEpoch& claimed = again.remembered[unfinished];
  TM_ASSIGN(EpochRecord record, record_again(again, claimed, claimed.epoch));
  record.claim = claimed.claim;
  if (claimed.epoch == record.parent + 1) {  // else it took others over
    record.how = Claim::kRestart;
    record.reason.clear();
  }
  return store::put_epoch(sink, storage, claimed.epoch, record, deadline);
}

}  // namespace tidemark::lineage
