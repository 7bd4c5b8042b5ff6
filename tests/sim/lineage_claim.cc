#include "lineage_claim.h"

#include "violation.h"

namespace tidemark::sim {

void ClaimAttempt::look(LineageWorld& world, const DataDirectory& data) {
  const auto& remembered = data.remembered[storage_];
  const uint64_t newest = world.store.newest_epoch(storage_);
  std::optional<core::NewestEpoch> known;
  if (newest != 0) {
    const EpochRecordOfSim& record = *world.store.find_epoch(storage_, newest);
    known = {newest, record.owner, record.claim};
  }
  std::optional<size_t> continues;
  epoch_ = {};
  if (over_) {
    const bool is_ours = known && known->owner == data.owner;
    if (!is_ours || newest != *over_) {
      state_ = is_ours ? State::kSuperseded : State::kOtherOwner;
      return;
    }
    for (size_t i = 0; i < remembered.size(); ++i) {
      const EpochRecordOfSim* const record = world.store.find_epoch(storage_, remembered[i].epoch);
      if (record == nullptr || record->claim != remembered[i].claim) continue;
      if (!continues || remembered[*continues].epoch < remembered[i].epoch) continues = i;
    }
    epoch_.epoch = newest + 1;
  } else {
    const core::ClaimDecision decision = core::decide_claim(data.owner, remembered, known);
    require((decision.verdict == core::ClaimVerdict::kOtherOwner) == (known && known->owner != data.owner),
            "another owner is known as one");
    if (decision.verdict != core::ClaimVerdict::kMay) {
      state_ = decision.verdict == core::ClaimVerdict::kSuperseded ? State::kSuperseded : State::kOtherOwner;
      return;
    }
    if (decision.unfinished) return finish(remembered[*decision.unfinished]);
    continues = decision.continues;
    epoch_.epoch = decision.epoch;
  }
  continues_.reset();
  if (continues) continues_ = remembered[*continues];
  epoch_.claim = world.draw_id();
  epoch_.archive = continues_ ? continues_->archive : epoch_.claim;
  epoch_.chain = continues_ ? continues_->chain : Chain::none();
  if (over_ && world.broken == Broken::kParentIsNewest) epoch_.chain = world.store.chain_of(storage_, newest);
  parent_ = epoch_.chain.newest();
  require(epoch_.chain.extend(epoch_.epoch), "a chain has room");
  state_ = State::kRemembering;
}

void ClaimAttempt::finish(const core::RememberedEpoch& unfinished) {
  epoch_ = unfinished;
  parent_ = epoch_.chain.before(epoch_.epoch);
  state_ = State::kFinishing;
}

// As plugin/lineage/lineage_file.h does: what lies before the one that is continued is needless.
void ClaimAttempt::remember(DataDirectory& data) const {
  auto& remembered = data.remembered[storage_];
  std::erase_if(remembered, [&](const core::RememberedEpoch& other) {
    return other.archive == epoch_.archive && continues_ && other.epoch < continues_->epoch;
  });
  remembered.push_back(epoch_);
}

void ClaimAttempt::step(LineageWorld& world, DataDirectory& data) {
  switch (state_) {
    case State::kLooking:
      return look(world, data);
    case State::kFinishing:
      if (world.store.put_epoch(storage_, epoch_.epoch, record(data))) {
        ++world.stats.epochs;
        ++world.stats.finished;
      }
      state_ = State::kLooking;
      return;
    case State::kRemembering:
      if (world.broken != Broken::kRememberedLate || over_) remember(data);
      state_ = State::kPutting;
      return;
    case State::kPutting:
      if (world.store.put_epoch(storage_, epoch_.epoch, record(data))) ++world.stats.epochs;
      // Somebody else was quicker, or an earlier put of ours came late.
      if (world.store.find_epoch(storage_, epoch_.epoch)->claim == epoch_.claim) {
        const EpochRecordOfSim* const before = world.store.find_epoch(storage_, epoch_.epoch - 1);
        require(before == nullptr || before->owner == data.owner, "another owner is refused always");
        state_ = State::kDone;
      } else {
        state_ = over_ ? State::kSuperseded : State::kLooking;
      }
      return;
    case State::kDone:
    case State::kSuperseded:
    case State::kOtherOwner:
      return;
  }
}

std::optional<LatePut> ClaimAttempt::in_flight(const DataDirectory& data) const {
  if (state_ != State::kPutting && state_ != State::kFinishing) return std::nullopt;
  LatePut put;
  put.partition = storage_;
  put.name = {{}, ObjectKind::kEpoch, epoch_.epoch, Coding::kNone};
  put.record = record(data);
  return put;
}

}  // namespace tidemark::sim
