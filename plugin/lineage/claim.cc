#include "lineage/claim.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/call.h"
#include "base/wall_clock.h"
#include "format/hex.h"
#include "format/lines.h"
#include "format/record.h"
#include "lineage/lost_records.h"
#include "store/epochs.h"

namespace tidemark::lineage {
namespace {

constexpr int kTriesMax = 16;  // while others claim at the same time

std::string host_name() {
  std::array<char, kHostNameMax + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  std::string text(name.data());
  return line_fault(text, kHostNameMax) == LineFault::kNone ? text : "unknown";
}

Claimed trouble(Trouble what, Error error) {
  Claimed claimed;
  claimed.trouble = what;
  claimed.error = std::move(error);
  return claimed;
}

struct Newest {
  uint64_t epoch = 0;  // 0: no record
  EpochRecord record;
  std::vector<uint64_t> recorded;  // all whose records can be whole, ascending
};

std::string described(std::string_view storage, const Newest& newest) {
  return store::epoch_key(storage, newest.epoch) + " was claimed on " + newest.record.host;
}

Error other_owner(std::string_view storage, const Newest& newest, const LineageFile& file, const Id& owner) {
  return fail(
      TIDEMARK_E_INVALID,
      "this archive belongs to another owner: " + described(storage, newest) + " by " +
          hex(newest.record.owner) + ", and " + file.path() + " says " + hex(owner) +
          "; is it the wrong url or storage name? If this is the owner's data and its lineage file was lost, "
          "bring that file back, or say what it was restored from: tidemark takeover URL " +
          std::string(storage) + " --lineage-file " + file.path() + " --over " +
          std::to_string(newest.epoch) + " --restored-from EPOCH --reason TEXT");
}

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
          " --reason TEXT");
}

struct Next {
  uint64_t epoch;
  std::optional<size_t> continues;
  Claim how;
  std::string_view reason;
};

// Remembers, then claims. EXISTS: somebody else was quicker.
Result<Claimed> claim_next(sink::Sink& sink, std::string_view storage, LineageFile& file,
                           const std::vector<core::RememberedEpoch>& remembered, const Next& next,
                           const Call& deadline, Trouble* where) {
  *where = Trouble::kFile;
  core::RememberedEpoch epoch;
  epoch.epoch = next.epoch;
  TM_ASSIGN(epoch.claim, draw_id());
  epoch.archive = next.continues ? remembered[*next.continues].archive : epoch.claim;
  epoch.chain = next.continues ? remembered[*next.continues].chain : Chain::none();
  const uint64_t parent = epoch.chain.newest();
  if (!epoch.chain.extend(next.epoch)) {
    return fail(TIDEMARK_E_NO_SPACE, "the history of " + std::string(storage) + " has more than " +
                                         std::to_string(kChainRangesMax) +
                                         " branches; archive it under another storage name");
  }
  TM_TRY(file.remember_durably(storage, next.continues, epoch));
  EpochRecord record;
  record.made_us = std::max<int64_t>(1, wall_clock_us());
  record.owner = file.owner();
  record.claim = epoch.claim;
  record.parent = parent;
  record.how = next.how;
  record.host = host_name();
  record.reason = next.reason;
  *where = Trouble::kSink;
  TM_TRY(store::put_epoch(sink, storage, next.epoch, record, deadline));
  Claimed claimed;
  claimed.epoch = next.epoch;
  claimed.chain = std::move(epoch.chain);
  claimed.notice = "epoch " + std::to_string(next.epoch) + " of " + std::string(storage) + " is claimed";
  if (parent != 0) claimed.notice += ", it continues epoch " + std::to_string(parent);
  return claimed;
}

// What an operator should see: what is archived elsewhere meanwhile is not here, and what this sink has
// beyond that may be of before the data was set back. Entries are compared only where the engine still has
// them.
std::string warning(const std::vector<core::RememberedEpoch>& remembered, std::optional<size_t> continues,
                    const LineageFile& file) {
  if (!continues && !remembered.empty()) {
    return ": this sink has no epoch of it, although " + file.path() +
           " remembers some; if it should, this is another sink, or it was emptied";
  }
  if (!continues || remembered[*continues].archive == remembered.back().archive) return {};
  return ": this sink is one of before, another one was written since. What went there is not here; and if "
         "the "
         "data was set back to an older state meanwhile, entries that the engine has pruned were not "
         "compared with what this sink has of them: begin another prefix then";
}

// What the newest record says, or why it cannot be known.
Result<Newest> look(sink::Sink& sink, std::string_view storage, const Call& deadline, Trouble* where) {
  *where = Trouble::kSink;
  Newest newest;
  TM_ASSIGN(const auto listing, deadline.next_call());
  const auto visit = [&](uint64_t epoch, bool can_be_whole) {
    newest.epoch = epoch;
    if (can_be_whole) newest.recorded.push_back(epoch);
  };
  TM_TRY(store::visit_epochs(sink, storage, kFirstEpoch, visit, &listing));
  if (newest.epoch == 0) return newest;
  TM_ASSIGN(const auto reading, deadline.next_call());
  auto record = store::read_epoch(sink, storage, newest.epoch, &reading);
  if (!record && record.error().status == TIDEMARK_E_CORRUPT) {
    *where = Trouble::kRefused;
    record.error().message +=
        "; nothing of this storage is archived until it is mended: whose the archive is, "
        "only its newest record says";
  }
  if (!record) return record.error();
  newest.record = *std::move(record);
  return newest;
}

// Nothing is archived that nobody could read.
Status refuse_lost(sink::Sink& sink, std::string_view storage, const core::RememberedEpoch& continued,
                   const Newest& newest, const LineageFile& file, const Call& deadline, Trouble* where) {
  *where = Trouble::kSink;
  const auto missing = find_lost(sink, storage, continued.chain, newest.recorded, kFirstEpoch, deadline);
  if (!missing && missing.error().status != TIDEMARK_E_CORRUPT) return missing.error();
  *where = Trouble::kRefused;
  if (!missing) {
    return fail(TIDEMARK_E_CORRUPT, missing.error().message +
                                        "; nothing of this storage is archived until it is mended: bring it "
                                        "from a copy, or move it away and let tidemark takeover write it "
                                        "again from " +
                                        file.path());
  }
  if (*missing) return lost(storage, **missing, newest.epoch, file.path());
  return {};
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
    const Claim how = decision.continues ? Claim::kRestart : Claim::kFirst;
    auto claimed = claim_next(sink, storage, file, remembered, {decision.epoch, decision.continues, how, {}},
                              deadline, &where);
    if (claimed) {
      const std::string why = warning(remembered, decision.continues, file);
      claimed->is_suspicious = !why.empty();
      claimed->notice += why;
    }
    if (claimed) return std::move(*claimed);
    if (claimed.error().status != TIDEMARK_E_EXISTS) return trouble(where, std::move(claimed.error()));
    refused = decision.epoch;
  }
  return trouble(Trouble::kSink, fail(TIDEMARK_E_RETRYABLE, std::string(storage) +
                                                                ": others claim its epochs as fast as this "
                                                                "archiver does; will try again"));
}

namespace {

// What this data continues: the newest that is remembered and that the archive has.
Result<std::optional<size_t>> find_continued(sink::Sink& sink, std::string_view storage,
                                             const std::vector<core::RememberedEpoch>& remembered,
                                             const Call& deadline) {
  std::optional<size_t> continues;
  for (size_t i = 0; i < remembered.size(); ++i) {
    if (continues && remembered[i].epoch < remembered[*continues].epoch) continue;
    TM_ASSIGN(const auto next, deadline.next_call());
    const auto record = store::read_epoch(sink, storage, remembered[i].epoch, &next);
    if (record && record->claim == remembered[i].claim) continues = i;
    if (!record && record.error().status != TIDEMARK_E_NOT_FOUND) return record.error();
  }
  return continues;
}

// What it remembers has no record, although the newest is of the same history: to continue nothing would hide
// all that it has archived.
std::optional<Error> refuse_to_begin_again(std::string_view storage,
                                           const std::vector<core::RememberedEpoch>& remembered,
                                           const Newest& newest) {
  for (const core::RememberedEpoch& one : remembered) {
    if (!one.chain.contains(newest.epoch)) continue;
    const std::string back_to = std::to_string(newest.epoch);
    return fail(TIDEMARK_E_INVALID, "this data remembers epoch " + std::to_string(one.epoch) + " of " +
                                        std::string(storage) + ", and " +
                                        store::epoch_key(storage, one.epoch) +
                                        " is not there: bring it back from a copy, with those between it and "
                                        "epoch " +
                                        back_to +
                                        "; or, if nothing was archived under their numbers, or that may be "
                                        "given up, continue from there: --restored-from " +
                                        back_to);
  }
  return std::nullopt;
}

// The file remembers the epoch that its data was restored from.
Status remember_restored(sink::Sink& sink, std::string_view storage, LineageFile& file, const Id& owner,
                         uint64_t from, const Call& deadline, Trouble* where) {
  *where = Trouble::kSink;
  core::RememberedEpoch epoch;
  epoch.epoch = from;
  TM_ASSIGN(const auto reading, deadline.next_call());
  const auto record = store::read_epoch(sink, storage, from, &reading);
  if (!record && record.error().status == TIDEMARK_E_NOT_FOUND) {
    *where = Trouble::kRefused;
    return fail(TIDEMARK_E_INVALID, "there is no epoch " + std::to_string(from) + " of " +
                                        std::string(storage) + " that data could be restored from: " +
                                        store::epoch_key(storage, from) + " is not there");
  }
  if (!record) return record.error();
  TM_ASSIGN(const auto following, deadline.next_call());
  TM_ASSIGN(epoch.chain, store::read_chain(sink, storage, from, &following));
  epoch.claim = record->claim;
  epoch.archive = record->claim;
  *where = Trouble::kFile;
  if (record->owner != owner) {
    return fail(TIDEMARK_E_INVALID, "epoch " + std::to_string(from) + " of " + std::string(storage) +
                                        " is of another owner, " + hex(record->owner) +
                                        ", than the newest, " + hex(owner));
  }
  return file.restored_durably(owner, storage, epoch);
}

std::optional<Error> refusal(std::string_view storage, const LineageFile& file, const Id& owner,
                             const Newest& newest, const Takeover& takeover) {
  if (newest.epoch == 0) {
    return fail(TIDEMARK_E_INVALID, std::string(storage) +
                                        " has no epoch at this sink, so there is nothing to "
                                        "take over: start the host");
  }
  if (newest.record.owner != owner && takeover.restored_from == 0)
    return other_owner(storage, newest, file, owner);
  if (newest.epoch != takeover.over) {
    return fail(TIDEMARK_E_INVALID,
                "the newest epoch of " + std::string(storage) + " is " + std::to_string(newest.epoch) +
                    ", not " + std::to_string(takeover.over) + ": look again what there is to take over");
  }
  return std::nullopt;
}

}  // namespace

Claimed take_over(sink::Sink& sink, std::string_view storage, LineageFile& file, const Takeover& takeover,
                  const tidemark_call* call) {
  const Call deadline(call);
  if (const char* problem = reason_problem(takeover.reason))
    return trouble(Trouble::kRefused, fail(TIDEMARK_E_INVALID, problem));
  std::vector<core::RememberedEpoch> remembered = file.remembered(storage);
  Trouble where = Trouble::kSink;
  const auto newest = look(sink, storage, deadline, &where);
  if (!newest) return trouble(where, newest.error());
  if (auto refused = refusal(storage, file, file.owner(), *newest, takeover))
    return trouble(Trouble::kRefused, std::move(*refused));
  std::optional<size_t> continues;
  if (takeover.restored_from != 0) {
    Status status = remember_restored(sink, storage, file, newest->record.owner, takeover.restored_from,
                                      deadline, &where);
    if (!status) return trouble(where, std::move(status.error()));
    remembered = file.remembered(storage);
    continues = remembered.size() - 1;
  } else {
    const auto found = find_continued(sink, storage, remembered, deadline);
    if (!found) return trouble(Trouble::kSink, found.error());
    continues = *found;
    auto refused = continues ? std::nullopt : refuse_to_begin_again(storage, remembered, *newest);
    if (refused) return trouble(Trouble::kRefused, std::move(*refused));
  }
  uint64_t written_again = 0;
  if (continues) {
    const auto again = write_lost_again(sink, storage, {file.owner(), remembered, *continues, host_name()},
                                        newest->recorded, deadline);
    if (!again) return trouble(Trouble::kSink, again.error());
    written_again = *again;
  }
  auto claimed =
      claim_next(sink, storage, file, remembered,
                 {takeover.over + 1, continues, Claim::kTakeover, takeover.reason}, deadline, &where);
  if (!claimed) return trouble(where, std::move(claimed.error()));
  claimed->records_written_again = written_again;
  return std::move(*claimed);
}

namespace {

Error gone(std::string_view storage, uint64_t own) {
  return fail(TIDEMARK_E_INVALID,
              store::epoch_key(storage, own) + ", the record of the epoch that this host writes, is gone: " +
                  "tidemark prune dropped its branch, or the place was emptied. Without it nobody can read " +
                  "what is archived, so nothing more of this storage is. Start the host again: it writes the "
                  "record again, if no other host has begun an epoch since");
}

}  // namespace

Result<Watched> watch_epochs(sink::Sink& sink, std::string_view storage, uint64_t own,
                             const tidemark_call* call) {
  Watched watched;
  TM_ASSIGN(const auto epochs, store::list_epochs(sink, storage, own, call));
  if (epochs.empty() || epochs.front() != own) {
    const auto record = store::read_epoch(sink, storage, own, call);  // a listing may be old
    watched.is_gone = !record && record.error().status == TIDEMARK_E_NOT_FOUND;
    if (!record && !watched.is_gone && record.error().status != TIDEMARK_E_CORRUPT) return record.error();
  }
  if (watched.is_gone) {
    watched.error = gone(storage, own);
    return watched;
  }
  if (epochs.empty() || epochs.back() <= own) return watched;
  watched.is_superseded = true;
  Newest newest;
  newest.epoch = epochs.back();
  const auto record = store::read_epoch(sink, storage, newest.epoch, call);
  newest.record.host = record ? record->host : "a host that its record does not tell";
  watched.error =
      fail(TIDEMARK_E_INVALID, "superseded: " + described(storage, newest) +
                                   " while this host, which writes epoch " + std::to_string(own) + ", runs");
  return watched;
}

}  // namespace tidemark::lineage
