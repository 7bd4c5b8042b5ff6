#include "lineage/watch.h"

#include <string>
#include <utility>

#include "base/call.h"
#include "lineage/claim_steps.h"
#include "store/epochs.h"

namespace tidemark::lineage {
namespace {

constexpr std::string_view kNobodyReads =
    ": without it nobody can read what is archived, so nothing more of this storage is. ";

Error gone(std::string_view storage, uint64_t own) {
  return fail(TIDEMARK_E_INVALID,
              store::epoch_key(storage, own) + ", the record of the epoch that this host writes, is gone: " +
                  "tidemark prune dropped its branch, or the place was emptied. Without it nobody can read " +
                  "what is archived, so nothing more of this storage is. Start the host again: it writes the "
                  "record again, or says what to do");
}

Watched gone_with(Error error) {
  Watched watched;
  watched.is_gone = true;
  watched.error = std::move(error);
  return watched;
}

// The record of an older epoch. OK: it is right, and says what the chain says. The first needs none.
Status prove_older(sink::Sink& sink, std::string_view storage, const Watch& what, const Call& deadline) {
  const auto record = read_twice(sink, storage, what.also, deadline);
  if (!record && record.error().status == TIDEMARK_E_NOT_FOUND) {
    TM_ASSIGN(const auto listing, deadline.next_call());
    TM_ASSIGN(const auto epochs, store::list_epochs(sink, storage, what.also, &listing));
    if (!epochs.empty() && epochs.front() == what.also) return only_listed(storage, what.also);
    if (what.also == kFirstEpoch) return {};
  }
  if (!record) return record.error();
  const uint64_t parent = what.chain.before(what.also);
  if (record->owner == what.owner && record->parent == parent) return {};
  return fail(TIDEMARK_E_CORRUPT, store::epoch_key(storage, what.also) +
                                      ": it is of another history: epoch " + std::to_string(what.also) +
                                      " of this data continues epoch " + std::to_string(parent));
}

}  // namespace

Result<Watched> watch_epochs(sink::Sink& sink, std::string_view storage, const Watch& what,
                             const tidemark_call* call) {
  const uint64_t own = what.chain.newest();
  const Call deadline(call);
  TM_ASSIGN(const auto listing, deadline.next_call());
  TM_ASSIGN(const auto epochs, store::list_epochs(sink, storage, own, &listing));
  const auto record = read_twice(sink, storage, own, deadline);
  if (!record && record.error().status == TIDEMARK_E_NOT_FOUND) {
    if (!epochs.empty() && epochs.front() == own) return only_listed(storage, own);
    return gone_with(gone(storage, own));
  }
  if (!record && record.error().status == TIDEMARK_E_CORRUPT) {
    Error error = record.error();
    error.message.append("; it is the record of the epoch that this host writes").append(kNobodyReads);
    error.message += "Move it away and start the host again: it writes the record again";
    return gone_with(std::move(error));
  }
  if (!record) return record.error();
  Watched watched;
  if (record->claim != what.claim) {
    watched.is_superseded = true;
    watched.error = fail(TIDEMARK_E_INVALID,
                         "superseded: " + described(storage, {own, *record, {}, false}) +
                             ", and is not the record that this host wrote: the place was set back to an "
                             "older state, and this epoch begun again by another. Start the host "
                             "again: it says what to do");
    return watched;
  }
  if (!epochs.empty() && epochs.back() > own) {
    Newest newest;
    newest.epoch = epochs.back();
    TM_ASSIGN(const auto naming, deadline.next_call());
    const auto other = store::read_epoch(sink, storage, newest.epoch, &naming);
    newest.record.host = other ? other->host : "a host that its record does not tell";
    watched.is_superseded = true;
    watched.error = fail(TIDEMARK_E_INVALID, "superseded: " + described(storage, newest) +
                                                 " while this host, which writes epoch " +
                                                 std::to_string(own) + ", runs");
    return watched;
  }
  if (what.also == 0) return watched;
  Status older = prove_older(sink, storage, what, deadline);
  if (older) return watched;
  const tidemark_status status = older.error().status;
  if (status != TIDEMARK_E_CORRUPT && status != TIDEMARK_E_NOT_FOUND) return older.error();
  older.error().status = TIDEMARK_E_INVALID;
  older.error().message.append("; it is the record of an epoch that this data goes back to");
  older.error()
      .message.append(kNobodyReads)
      .append("Stop the host; bring the record from a copy, or move a ");
  older.error().message.append("damaged one away and let tidemark takeover write it again, with --over ");
  older.error().message += std::to_string(own);
  return gone_with(std::move(older.error()));
}

}  // namespace tidemark::lineage
