#include "lineage/claim_steps.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/wall_clock.h"
#include "format/hex.h"
#include "format/lines.h"
#include "store/epochs.h"

namespace tidemark::lineage {

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

Result<EpochRecord> read_twice(sink::Sink& sink, std::string_view storage, uint64_t epoch,
                               const Call& deadline) {
  TM_ASSIGN(const auto reading, deadline.next_call());
  auto record = store::read_epoch(sink, storage, epoch, &reading);
  if (record ||
      (record.error().status != TIDEMARK_E_CORRUPT && record.error().status != TIDEMARK_E_NOT_FOUND))
    return record;
  TM_ASSIGN(const auto again, deadline.next_call());
  return store::read_epoch(sink, storage, epoch, &again);
}

Error only_listed(std::string_view storage, uint64_t epoch) {
  return fail(TIDEMARK_E_RETRYABLE, store::epoch_key(storage, epoch) + " is listed, and cannot be found");
}

Result<Newest> look(sink::Sink& sink, std::string_view storage, const Call& deadline, Trouble* where) {
  *where = Trouble::kSink;
  Newest newest;
  TM_ASSIGN(const auto listing, deadline.next_call());
  const auto visit = [&](uint64_t epoch, bool can_be_whole) {
    newest.epoch = epoch;
    if (can_be_whole) newest.recorded.push_back(epoch);
    newest.is_first_cut |= epoch == kFirstEpoch && !can_be_whole;
  };
  TM_TRY(store::visit_epochs(sink, storage, kFirstEpoch, visit, &listing));
  if (newest.epoch == 0) return newest;
  auto record = read_twice(sink, storage, newest.epoch, deadline);
  if (!record && record.error().status == TIDEMARK_E_NOT_FOUND) return only_listed(storage, newest.epoch);
  if (!record && record.error().status == TIDEMARK_E_CORRUPT) {
    *where = Trouble::kRefused;
    record.error().message +=
        "; nothing of this storage is archived until it is mended: whose the archive is, only its newest "
        "record says. Bring it from a copy; or, if it was this host that wrote last, move it away and start "
        "the host: it writes it again from its lineage file";
  }
  if (!record) return record.error();
  newest.record = *std::move(record);
  return newest;
}

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
  claimed.claim = epoch.claim;
  claimed.chain = std::move(epoch.chain);
  claimed.notice = "epoch " + std::to_string(next.epoch) + " of " + std::string(storage) + " is claimed";
  if (parent != 0) claimed.notice += ", it continues epoch " + std::to_string(parent);
  return claimed;
}

}  // namespace tidemark::lineage
