// One world of two to four hosts on one store: clones, snapshots, restores, kills, processes that stand still
// between any two steps, puts that land when their process is dead, takeovers. Then peace: one host goes on
// alone.
//
// The same seed does the same things. Throws Violation when a rule is broken:
//   what a host was told it may prune, the chain of the epoch it was told in reads as its bytes
//   what any chain reads without a hole is the history of one host
#ifndef TIDEMARK_SIM_LINEAGE_SIMULATION_H
#define TIDEMARK_SIM_LINEAGE_SIMULATION_H

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lineage_host.h"
#include "lineage_world.h"
#include "random.h"

namespace tidemark::sim {

struct LineageOptions {
  uint64_t seed = 1;
  std::optional<uint64_t> steps;  // as many as the seed says if not given
  Broken broken = Broken::kNothing;
  bool is_strict = false;  // see LineageWorld
  bool trace = false;
};

class LineageSimulation {
 public:
  explicit LineageSimulation(const LineageOptions& options);
  LineageStats run();

 private:
  struct Host {
    DataDirectory data;
    std::unique_ptr<HostProcess> process;
    std::optional<ClaimAttempt> takeover;  // by an operator, while there is no process
    bool was_refused = false;              // by the store, for some storage
    uint64_t stands_still_until = 0;       // step
  };

  void random_step();
  void process_step(Host& host);
  bool is_refused(const Host& host) const;
  void commit(Host& host);
  void prune(Host& host);
  void begin_again(size_t host);
  void end_process(Host& host);
  void take_snapshot(const Host& host);
  void new_host();
  void operate(Host& host);
  void land_one();
  void peace();
  void calm(Host& host);
  void check();
  void check_promises();
  void check_histories(size_t partition);

  const LineageOptions options_;
  Random random_;
  const size_t partitions_;
  LineageWorld world_;
  core::SchedulerConfig config_;
  LineageRates rates_;
  uint64_t step_ = 0;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<DataDirectory> snapshots_;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_LINEAGE_SIMULATION_H
