#include "lineage/claim.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/call.h"
#include "lineage/claim_steps.h"
#include "lineage/lost_records.h"
#include "store/epochs.h"

namespace tidemark::lineage {
namespace {

constexpr int kTriesMax = 16;  // while others claim at the same time

Error superseded(std::string_view storage, const Newest& newest, const LineageFile& file,
                 const std::vector<core::RememberedEpoch>& remembered) {
  const std::string mine = remembered.empty() ? "none" : "epoch " + std::to_string(remembered.back().epoch);
  return fail(
      TIDEMARK_E_INVALID,
      "superseded: " + described(storage, newest) + ", and " + file.path() + " remembers " + mine +
          " of it: another host took over, this data was restored to an older state, or this place is a "
          "copy that was made before this host was last started. Nothing of this storage is archived. If "
          "this history is to continue, stop the other host, then: "
          "tidemark takeover URL " +
          std::string(storage) + " --lineage-file " + file.path() + " --over " +
          std::to_string(newest.epoch) + (remembered.empty() ? " --restored-from EPOCH" : "") +
          " --reason TEXT; with --restored-from N if this data is what epoch N wrote, and only " +
          file.path() + " is older");
}

// What an operator should see: what is archived elsewhere meanwhile is not here, and what this sink has
// beyond that may be of before the data was set back. Entries are compared only where the engine still has
// them.
std::string warning(std::string_view storage, const std::vector<core::RememberedEpoch>& remembered,
                    std::optional<size_t> continues, LineageFile& file) {
  if (!continues && !remembered.empty() && file.is_known(storage)) {
    return ": this sink has no epoch of it, although " + file.path() +
           " remembers some; if it should, this is another sink, or it was emptied";
  }
  if (!continues || remembered[*continues].archive == remembered.back().archive) return {};
  return ": this sink is one of before, another one was written since. What went there is not here; and if "
         "the "
         "data was set back to an older state meanwhile, entries that the engine has pruned were not "
         "compared with what this sink has of them: begin another prefix then";
}

// Nothing is archived that nobody could read.
Status refuse_lost(sink::Sink& sink, std::string_view storage, const core::RememberedEpoch& continued,
                   const Newest& newest, const LineageFile& file, const Call& deadline, Trouble* where) {
  *where = Trouble::kSink;
  const uint64_t from = newest.is_first_cut ? kFirstEpoch : kFirstEpoch + 1;
  const auto missing = find_lost(sink, storage, continued.chain, newest.recorded, from, deadline);
  if (!missing && missing.error().status != TIDEMARK_E_CORRUPT) return missing.error();
  *where = Trouble::kRefused;
  if (!missing) {
    return fail(TIDEMARK_E_CORRUPT, missing.error().message +
                                        "; nothing of this storage is archived until it is mended: bring it "
                                        "from a copy, or move it away, and then: " +
                                        write_again_text(storage, newest.epoch, file.path()));
  }
  if (*missing) return lost(storage, **missing, newest.epoch, file.path());
  return {};
}

// A place without records that is not empty, although this data has begun epochs after the first: they are
// lost, and what is archived under their numbers would be read by nobody.
Status refuse_all_lost(sink::Sink& sink, std::string_view storage,
                       const std::vector<core::RememberedEpoch>& remembered, const LineageFile& file,
                       const Call& deadline, Trouble* where) {
  *where = Trouble::kSink;
  if (remembered.empty() || remembered.back().epoch == kFirstEpoch) return {};
  bool is_empty = true;
  TM_ASSIGN(const auto listing, deadline.next_call());
  const auto visit = [&](std::string_view, const sink::ObjectInfo&) { return is_empty = false; };
  TM_TRY(sink.list(std::string(storage) + "/", "", visit, &listing));
  if (is_empty) return {};
  const core::RememberedEpoch& last = remembered.back();
  TM_ASSIGN(const auto reading, deadline.next_call());
  const auto record = store::read_epoch(sink, storage, last.epoch, &reading);
  if (record) return left_out(storage, last.epoch);
  if (record.error().status != TIDEMARK_E_NOT_FOUND) return record.error();
  *where = Trouble::kRefused;
  return lost(storage, last.epoch, last.epoch, file.path());
}

}  // namespace

Claimed claim_epoch(sink::Sink& sink, std::string_view storage, LineageFile& file,
                    const tidemark_call* call) {
  const Call deadline(call);
  const Id owner = file.owner();
  uint64_t refused = 0;  // an epoch whose record is there
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    const std::vector<core::RememberedEpoch> remembered = file.remembered(storage);
    Trouble where = Trouble::kSink;
    const auto newest = look(sink, storage, deadline, &where);
    if (!newest) return trouble(where, newest.error());
    if (newest->epoch < refused) return trouble(Trouble::kSink, left_out(storage, refused));
    std::optional<core::NewestEpoch> known;
    if (newest->epoch != 0) known = {newest->epoch, newest->record.owner, newest->record.claim};
    const core::ClaimDecision decision = core::decide_claim(owner, remembered, known);
    if (decision.verdict == core::ClaimVerdict::kOtherOwner)
      return trouble(Trouble::kRefused, other_owner(storage, *newest, file, owner));
    if (decision.verdict == core::ClaimVerdict::kSuperseded)
      return trouble(Trouble::kSuperseded, superseded(storage, *newest, file, remembered));
    if (decision.continues) {
      Status whole =
          refuse_lost(sink, storage, remembered[*decision.continues], *newest, file, deadline, &where);
      if (!whole) return trouble(where, std::move(whole.error()));
      if (const auto unfinished = decision.unfinished) {
        Status finished = finish_claim(sink, storage, {owner, remembered, *decision.continues, host_name()},
                                       *unfinished, deadline);
        if (!finished && finished.error().status != TIDEMARK_E_EXISTS)
          return trouble(Trouble::kSink, std::move(finished.error()));
        refused = remembered[*unfinished].epoch;  // it is there now
        continue;
      }
    }
    if (!known) {
      Status not_lost = refuse_all_lost(sink, storage, remembered, file, deadline, &where);
      if (!not_lost) return trouble(where, std::move(not_lost.error()));
    }
    const Claim how = decision.continues ? Claim::kRestart : Claim::kFirst;
    auto claimed = claim_next(sink, storage, file, remembered, {decision.epoch, decision.continues, how, {}},
                              deadline, &where);
    if (claimed) {
      const std::string why = warning(storage, remembered, decision.continues, file);
      claimed->is_suspicious = !why.empty();
      claimed->notice += why;
      file.claimed(storage);
    }
    if (claimed) return std::move(*claimed);
    if (claimed.error().status != TIDEMARK_E_EXISTS) return trouble(where, std::move(claimed.error()));
    refused = decision.epoch;
  }
  return trouble(Trouble::kSink, fail(TIDEMARK_E_RETRYABLE, std::string(storage) +
                                                                ": others claim its epochs as fast as this "
                                                                "archiver does; will try again"));
}

}  // namespace tidemark::lineage
