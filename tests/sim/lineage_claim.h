// The claim of an epoch, and a takeover by an operator, in the steps between which a process may stop for any
// time: look, decide (core/claim.h), finish what was begun, remember, put the record. The twin of
// plugin/lineage/claim.cc.
#ifndef TIDEMARK_SIM_LINEAGE_CLAIM_H
#define TIDEMARK_SIM_LINEAGE_CLAIM_H

#include <cstdint>
#include <optional>

#include "lineage_world.h"

namespace tidemark::sim {

class ClaimAttempt {
 public:
  enum class State : uint8_t {
    kLooking,
    kFinishing,
    kRemembering,
    kPutting,
    kDone,
    kSuperseded,
    kOtherOwner
  };

  explicit ClaimAttempt(size_t storage) : storage_(storage) {}
  // An operator saw `over` as the newest.
  ClaimAttempt(size_t storage, uint64_t over) : storage_(storage), over_(over) {}

  size_t storage() const { return storage_; }
  State state() const { return state_; }
  bool is_over() const { return state_ >= State::kDone; }
  const core::RememberedEpoch& epoch() const { return epoch_; }

  void step(LineageWorld& world, DataDirectory& data);
  // What is on its way if the process ends now.
  std::optional<LatePut> in_flight(const DataDirectory& data) const;
  // With Broken::kRememberedLate: what was not done.
  void remember(DataDirectory& data) const;

 private:
  void look(LineageWorld& world, const DataDirectory& data);
  void finish(const core::RememberedEpoch& unfinished);
  EpochRecordOfSim record(const DataDirectory& data) const { return {data.owner, epoch_.claim, parent_}; }

  size_t storage_;
  std::optional<uint64_t> over_;
  State state_ = State::kLooking;
  core::RememberedEpoch epoch_;
  uint64_t parent_ = 0;
  std::optional<core::RememberedEpoch> continues_;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_LINEAGE_CLAIM_H
