#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/call.h"
#include "format/hex.h"
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

// What this data continues: the newest that is remembered, and is recorded with its claim, or has lost its
// record.
Result<std::optional<size_t>> find_continued(sink::Sink& sink, std::string_view storage,
                                             const std::vector<core::RememberedEpoch>& remembered,
                                             const Newest& newest, const Call& deadline) {
  std::vector<size_t> lost;
  std::optional<size_t> continues;
  const auto is_newer = [&](size_t i) {
    return !continues || remembered[i].epoch >= remembered[*continues].epoch;
  };
  for (size_t i = 0; i < remembered.size(); ++i) {
    TM_ASSIGN(const auto next, deadline.next_call());
    const auto record = store::read_epoch(sink, storage, remembered[i].epoch, &next);
    if (!record && record.error().status != TIDEMARK_E_NOT_FOUND) return record.error();
    if (!record) lost.push_back(i);
    if (record && record->claim == remembered[i].claim && is_newer(i)) continues = i;
  }
  const std::optional<size_t> recorded = continues;
  for (const size_t i : lost) {
    if (!is_newer(i)) continue;
    const bool is_same = recorded && remembered[i].archive == remembered[*recorded].archive;
    // Without any record there is nothing to know the place by but the word of the operator.
    if (is_same || newest.epoch == 0) {
      continues = i;
      continue;
    }
    TM_ASSIGN(const auto here, is_here(sink, storage, remembered[i], newest, deadline));
    if (here == true) continues = i;
    if (here || continues) continue;
    const std::string epoch = std::to_string(remembered[i].epoch);
    return fail(TIDEMARK_E_CORRUPT,
                "this data remembers epoch " + epoch + " of " + std::string(storage) + ", and neither " +
                    store::epoch_key(storage, remembered[i].epoch) +
                    " nor the records before it say whether it is of this place: to continue nothing would "
                    "hide all that it has archived. Bring them back from a copy, or say which epoch it "
                    "continues: --restored-from EPOCH");
  }
  return continues;
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

// `last`: the last epoch that the file remembers; 0: none.
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
  const uint64_t last = remembered.empty() || takeover.restored_from != 0 ? 0 : remembered.back().epoch;
  if (auto refused = refusal(storage, file, file.owner(), *newest, last, takeover))
    return trouble(Trouble::kRefused, std::move(*refused));
  std::optional<size_t> continues;
  if (takeover.restored_from != 0) {
    Status status = remember_restored(sink, storage, file, newest->record.owner, takeover.restored_from,
                                      deadline, &where);
    if (!status) return trouble(where, std::move(status.error()));
    remembered = file.remembered(storage);
    continues = remembered.size() - 1;
  } else {
    const auto found = find_continued(sink, storage, remembered, *newest, deadline);
    if (!found) {
      const bool is_refused = found.error().status == TIDEMARK_E_CORRUPT;
      return trouble(is_refused ? Trouble::kRefused : Trouble::kSink, found.error());
    }
    continues = *found;
  }
  uint64_t written_again = 0, newest_epoch = newest->epoch;
  if (continues) {
    const auto again = write_lost_again(sink, storage, {file.owner(), remembered, *continues, host_name()},
                                        newest->recorded, deadline);
    if (!again) return trouble(Trouble::kSink, again.error());
    written_again = *again;
    newest_epoch = std::max(newest_epoch, remembered[*continues].epoch);
    if (Status whole = check_records(sink, storage, remembered[*continues], file, deadline); !whole) {
      const bool is_refused = whole.error().status == TIDEMARK_E_CORRUPT;
      return trouble(is_refused ? Trouble::kRefused : Trouble::kSink, std::move(whole.error()));
    }
  }
  auto claimed =
      claim_next(sink, storage, file, remembered,
                 {newest_epoch + 1, continues, Claim::kTakeover, takeover.reason}, deadline, &where);
  if (!claimed) return trouble(where, std::move(claimed.error()));
  claimed->records_written_again = written_again;
  return std::move(*claimed);
}

}  // namespace tidemark::lineage
