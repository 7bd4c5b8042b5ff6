// The process of one host: the real scheduler over the host's data directory, and its jobs, each in the steps
// between which it may stop for any time. What the process has of the world it has through the store.
//
// Owned by LineageSimulation, which says what happens next. Throws Violation.
#ifndef TIDEMARK_SIM_LINEAGE_HOST_H
#define TIDEMARK_SIM_LINEAGE_HOST_H

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "core/scheduler.h"
#include "lineage_claim.h"
#include "lineage_world.h"
#include "partition_store.h"
#include "random.h"

namespace tidemark::sim {

// How often what goes wrong, per cent.
struct LineageRates {
  uint64_t fails = 0;  // a request, and nothing came of it
  uint64_t lost = 0;   // what was done, but the answer is lost
  uint64_t ack = 0;    // of the host's own
  uint64_t entry = 0;  // cannot be read now
};

class HostProcess {
 public:
  HostProcess(LineageWorld& world, size_t host, DataDirectory& data, const core::SchedulerConfig& config,
              const LineageRates& rates, Random& random);

  void notify(size_t partition);
  void start_jobs(size_t at_most);
  // The next thing of one of its jobs, acknowledgements or events.
  void advance();
  void tick();
  // All that can be done now.
  void drain();
  // It is gone; what it had sent may land later.
  void killed();

  bool has_things() const { return !flights_.empty() || !acks_.empty() || !events_.empty(); }
  bool is_idle() const { return scheduler_.idle() && flights_.empty() && acks_.empty() && events_.empty(); }
  core::TimeMs wake_at() const { return scheduler_.wake_at(); }
  bool is_refused(size_t storage) const { return refused_.contains(storage); }
  void set_rates(const LineageRates& rates) { rates_ = rates; }

 private:
  struct Flight {
    core::Job job;
    bool is_put = false;  // the next step puts
    bool is_done = false;
    LatePut put{};
    core::JobResult result{};
    std::unique_ptr<ClaimAttempt> claim{};
  };

  void step(Flight& flight);
  void step_claim(Flight& flight);
  void end(size_t which);
  void prepare_archive(Flight& flight);
  void prepare_gap(Flight& flight);
  void put(Flight& flight);
  core::JobResult discover(const core::Job& job);
  core::JobResult verify(const core::Job& job) const;
  bool has_all_of(const core::Job& job, const std::vector<Entry>& entries) const;
  void end_ack(size_t which);
  void deliver_event();
  void after_input();
  void require_no_loss(const core::Event& event);
  const Chain& chain(size_t partition) const { return chains_.at(world_.storage_of(partition)).chain; }
  uint64_t name_epoch(uint64_t epoch) const {
    return world_.broken == Broken::kNamesWithoutEpoch ? kFirstEpoch : epoch;
  }

  LineageWorld& world_;
  const size_t host_;
  DataDirectory& data_;
  const core::SchedulerConfig config_;
  const Coding coding_;  // of what this run archives
  LineageRates rates_;
  Random& random_;
  core::PartitionStore partitions_;
  core::Scheduler scheduler_;
  std::map<size_t, core::RememberedEpoch> chains_;  // by storage, of this run
  std::vector<ClaimAttempt> unremembered_;          // with Broken::kRememberedLate
  std::map<size_t, uint64_t> looked_;               // by partition: when first, in puts of the store
  std::set<size_t> refused_;
  std::vector<Flight> flights_;
  std::vector<core::Ack> acks_;
  std::deque<core::Event> events_;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_LINEAGE_HOST_H
