#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/call.h"
#include "format/hex.h"
#include "format/object_name.h"
#include "format/record.h"
#include "lineage/claim.h"
#include "lineage/claim_steps.h"
#include "lineage/lost_records.h"
#include "store/epochs.h"

namespace tidemark::lineage {
namespace {

// Whether an archive that is remembered is the one in this place, as the claims of its records say: it is
// called after one of them. Nothing: they are lost.
Result<std::optional<bool>> is_here(sink::Sink& sink, std::string_view storage,
                                    const core::RememberedEpoch& remembered, const Newest& newest,
                                    const Call& deadline) {
  std::optional<bool> here;
  for (const uint64_t epoch : newest.recorded) {
    if (!remembered.chain.contains(epoch)) continue;
    TM_ASSIGN(const auto next, deadline.next_call());
    TM_ASSIGN(const auto record, store::read_epoch(sink, storage, epoch, &next));
    if (record.claim == remembered.archive) return std::optional(true);
    // The first of a history has no other claim, unless the data was restored later.
    if (remembered.chain.before(epoch) == 0) here = false;
  }
  return here;
}

// To continue nothing would hide all that this data has archived, and to guess might mix two histories.
Error cannot_tell(std::string_view storage, const core::RememberedEpoch& one, bool is_here) {
  const std::string epoch = std::to_string(one.epoch);
  const std::string key = store::epoch_key(storage, one.epoch);
  const std::string what =
      is_here
          ? "another host has claimed that number here: this place is a copy that it continued, or was set "
            "back. Say which epoch of it this data goes back to (tidemark info shows who claimed which, and "
            "when): --restored-from EPOCH"
          : key +
                " is not there, nor do the records before it say whether this is the place. Bring them "
                "back from a copy; or, if it is: --restored-from " +
                epoch;
  return fail(TIDEMARK_E_CORRUPT,
              "this data remembers epoch " + epoch + " of " + std::string(storage) + ", and " + what);
}

// What the operator's words tell.
struct Said {
  std::optional<Id> archive;      // of those remembered, which one lies in this place
  uint64_t through = UINT64_MAX;  // nothing after this epoch is continued
};

// What this data continues: the newest that is remembered, and is recorded with its claim, or has lost its
// record.
Result<std::optional<size_t>> find_continued(sink::Sink& sink, std::string_view storage,
                                             const std::vector<core::RememberedEpoch>& remembered,
                                             const Newest& newest, const Said& said, const Call& deadline) {
  std::vector<size_t> lost, others;  // others: recorded, with another claim
  std::optional<size_t> continues;
  const auto is_newer = [&](size_t i) {
    return !continues || remembered[i].epoch >= remembered[*continues].epoch;
  };
  for (size_t i = 0; i < remembered.size(); ++i) {
    if (remembered[i].epoch > said.through) continue;
    TM_ASSIGN(const auto next, deadline.next_call());
    const auto record = store::read_epoch(sink, storage, remembered[i].epoch, &next);
    if (!record && record.error().status != TIDEMARK_E_NOT_FOUND) return record.error();
    const bool is_own = record && record->claim == remembered[i].claim;
    if (is_own && is_newer(i)) continues = i;
    if (!is_own) (record ? others : lost).push_back(i);
  }
  const std::optional<size_t> recorded = continues;
  std::stable_sort(lost.begin(), lost.end(),
                   [&](size_t a, size_t b) { return remembered[a].epoch > remembered[b].epoch; });
  for (const size_t i : lost) {
    if (continues != recorded || !is_newer(i)) break;
    const Id& archive = remembered[i].archive;
    bool is_same = said.archive == archive || (recorded && archive == remembered[*recorded].archive);
    if (!is_same && !said.archive) {
      TM_ASSIGN(const auto here, is_here(sink, storage, remembered[i], newest, deadline));
      if (!here && !continues) return cannot_tell(storage, remembered[i], false);
      is_same = here == true;
    }
    if (is_same) continues = i;
  }
  if (continues) return continues;
  for (const size_t i : others) {
    TM_ASSIGN(const auto here, is_here(sink, storage, remembered[i], newest, deadline));
    if (here == true) return cannot_tell(storage, remembered[i], true);
  }
  return continues;
}

// A number above all in the names of what is archived: what others wrote under one has perhaps lost its
// record. Lists all of the storage.
Result<uint64_t> find_unused(sink::Sink& sink, std::string_view storage, uint64_t newest,
                             const Call& deadline) {
  constexpr uint64_t kRunsMax = 1'000'000;  // of others, whose records are all lost
  uint64_t highest = newest;
  std::string where;
  TM_ASSIGN(const auto listing, deadline.next_call());
  const auto visit = [&](std::string_view key, const sink::ObjectInfo&) {
    const auto parsed = parse_object_key(key);
    if (!parsed || parsed->name.epoch <= highest) return true;
    highest = parsed->name.epoch;
    where = key;
    return true;
  };
  TM_TRY(sink.list(std::string(storage) + "/", "", visit, &listing));
  if (highest - newest <= kRunsMax) return highest + 1;
  return fail(TIDEMARK_E_CORRUPT, where + ": nobody has begun so many epochs since " +
                                      std::to_string(newest) + ", the newest that is known; move it away");
}

// All records that tell the history of what is continued.
Status check_records(sink::Sink& sink, std::string_view storage, const core::RememberedEpoch& continued,
                     const LineageFile& file, const Call& deadline) {
  TM_ASSIGN(const auto reading, deadline.next_call());
  TM_ASSIGN(const Chain told, store::read_chain(sink, storage, continued.epoch, &reading));
  if (told == continued.chain) return {};
  return fail(TIDEMARK_E_CORRUPT,
              "the records of " + std::string(storage) + " say that epoch " +
                  std::to_string(continued.epoch) + " goes back to " + told.text() + ", and " + file.path() +
                  " remembers " + continued.chain.text() +
                  ": one of these records was replaced; bring the right ones from a copy");
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

// As the host's message said it: before a takeover was stopped between the records that it writes again, or
// they were all lost. `last`: the last epoch that the file remembers; 0: none.
bool is_over_lost(const Takeover& takeover, uint64_t last, const Newest& newest) {
  return takeover.over == last && newest.epoch < last;
}

std::optional<Error> refusal(std::string_view storage, const LineageFile& file, const Id& owner,
                             const Newest& newest, uint64_t last, const Takeover& takeover) {
  if (newest.epoch == 0 && last == 0) {
    return fail(TIDEMARK_E_INVALID, std::string(storage) +
                                        " has no epoch at this sink, so there is nothing to "
                                        "take over: start the host");
  }
  if (newest.epoch == 0 && takeover.over != last) {
    return fail(TIDEMARK_E_INVALID, std::string(storage) + " has no record of an epoch at this sink, and " +
                                        file.path() + " remembers epoch " + std::to_string(last) +
                                        " as the last: write the records again with --over " +
                                        std::to_string(last));
  }
  if (newest.epoch == 0) return std::nullopt;
  if (newest.record.owner != owner && takeover.restored_from == 0)
    return other_owner(storage, newest, file, owner);
  if (is_over_lost(takeover, last, newest)) return std::nullopt;
  if (newest.epoch != takeover.over) {
    return fail(TIDEMARK_E_INVALID,
                "the newest epoch of " + std::string(storage) + " is " + std::to_string(newest.epoch) +
                    ", not " + std::to_string(takeover.over) + ": look again what there is to take over");
  }
  return std::nullopt;
}

// Which of those that the file remembers, afterwards, it continues.
Result<std::optional<size_t>> choose_continued(sink::Sink& sink, std::string_view storage, LineageFile& file,
                                               const Newest& newest, const Takeover& takeover,
                                               const Call& deadline, Trouble* where) {
  *where = Trouble::kSink;
  const std::vector<core::RememberedEpoch> remembered = file.remembered(storage);
  const uint64_t from = takeover.restored_from;
  if (from == 0) {
    Said said;
    if (!remembered.empty() && is_over_lost(takeover, remembered.back().epoch, newest))
      said.archive = remembered.back().archive;
    return find_continued(sink, storage, remembered, newest, said, deadline);
  }
  const auto is_from = [&](const core::RememberedEpoch& one) { return one.epoch == from; };
  const bool is_own = newest.epoch == 0 || newest.record.owner == file.owner();
  const auto known = std::find_if(remembered.rbegin(), remembered.rend(), is_from);
  if (is_own && known != remembered.rend()) {
    TM_ASSIGN(const auto reading, deadline.next_call());
    const auto record = store::read_epoch(sink, storage, from, &reading);
    // It was not restored: the file knows what the record said.
    if (!record && record.error().status == TIDEMARK_E_NOT_FOUND)
      return find_continued(sink, storage, remembered, newest, {known->archive, from}, deadline);
  }
  TM_TRY(remember_restored(sink, storage, file, newest.record.owner, from, deadline, where));
  return std::optional(file.remembered(storage).size() - 1);
}

}  // namespace

Claimed take_over(sink::Sink& sink, std::string_view storage, LineageFile& file, const Takeover& takeover,
                  const tidemark_call* call) {
  const Call deadline(call);
  if (const char* problem = reason_problem(takeover.reason))
    return trouble(Trouble::kRefused, fail(TIDEMARK_E_INVALID, problem));
  Trouble where = Trouble::kSink;
  const auto newest = look(sink, storage, deadline, &where);
  if (!newest) return trouble(where, newest.error());
  const std::vector<core::RememberedEpoch> before = file.remembered(storage);
  const uint64_t last = before.empty() ? 0 : before.back().epoch;
  if (auto refused = refusal(storage, file, file.owner(), *newest, last, takeover))
    return trouble(Trouble::kRefused, std::move(*refused));
  const auto failed = [&](Error error) {
    const bool is_refused = where == Trouble::kSink && error.status == TIDEMARK_E_CORRUPT;
    return trouble(is_refused ? Trouble::kRefused : where, std::move(error));
  };
  auto continues = choose_continued(sink, storage, file, *newest, takeover, deadline, &where);
  if (!continues) return failed(std::move(continues.error()));
  where = Trouble::kSink;
  const std::vector<core::RememberedEpoch> remembered = file.remembered(storage);
  uint64_t written_again = 0, newest_epoch = newest->epoch;
  if (*continues) newest_epoch = std::max(newest_epoch, remembered[**continues].epoch);
  auto next = find_unused(sink, storage, newest_epoch, deadline);
  if (!next) return failed(std::move(next.error()));
  if (*continues) {
    auto again = write_lost_again(sink, storage, {file.owner(), remembered, **continues, host_name()},
                                  newest->recorded, deadline);
    if (!again) return failed(std::move(again.error()));
    written_again = *again;
    Status whole = check_records(sink, storage, remembered[**continues], file, deadline);
    if (!whole) return failed(std::move(whole.error()));
  }
  auto claimed = claim_next(sink, storage, file, remembered,
                            {*next, *continues, Claim::kTakeover, takeover.reason}, deadline, &where);
  if (!claimed && claimed.error().status == TIDEMARK_E_EXISTS)
    claimed.error().message +=
        ": another host claims at the same time; look again what there is to take over";
  if (!claimed) return failed(std::move(claimed.error()));
  claimed->records_written_again = written_again;
  return std::move(*claimed);
}

}  // namespace tidemark::lineage
