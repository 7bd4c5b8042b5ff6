// One run: a host, its sinks and a scheduler, driven at random by a seed, then left in peace until all is
// done.
//
// The same seed does the same things. Throws Violation when a rule is broken.
#ifndef TIDEMARK_SIM_SIMULATION_H
#define TIDEMARK_SIM_SIMULATION_H

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/scheduler.h"
#include "model.h"
#include "partition_store.h"
#include "random.h"
#include "world.h"

namespace tidemark::sim {

using core::PartitionRef;

struct RunOptions {
  uint64_t seed = 1;
  std::optional<uint64_t> steps;  // of the turbulent part; as many as the seed says if not given
  bool trace = false;
};

struct RunStats {
  uint64_t steps = 0;
  uint64_t jobs = 0;
  uint64_t acks = 0;
  uint64_t gaps = 0;
  uint64_t gaps_again = 0;
  uint64_t late = 0;
  uint64_t owed = 0;  // entries of earlier runs that were told to be lost
  uint64_t conflicts = 0;
  uint64_t breaker_trips = 0;
  uint64_t swaps = 0;
  uint64_t runs = 0;
  uint64_t forgotten = 0;
  void add(const RunStats& other);
};

class Simulation {
 public:
  explicit Simulation(const RunOptions& options);
  RunStats run();

 private:
  struct Note {
    Lsn low;
    Lsn high;
  };
  // What a seed does to one partition; what the scheduler knows of it is in the model.
  struct Driven {
    std::optional<PartitionRef> ref;
    std::vector<Note> pending;
    std::vector<Note> sent;    // the last few of this run, to be sent again
    bool broken_sink = false;  // the sink fails for this partition alone
    // Since the partition became known to this run's scheduler:
    std::set<Lsn> notified;
    std::set<Lsn> behind;        // of these, what came after a later one was acknowledged
    Lsn low = kNoLsn;            // what lies below is gone, the host has said
    std::set<Lsn> raised;        // as gaps
    std::set<Lsn> gaps;          // of these, what the host was told
    std::set<Lsn> late;          // of these, what was notified again and nobody has looked for yet
    std::set<Lsn> unverifiable;  // in the archive, and not with the host when it was asked
    Lsn promised = kNoLsn;
  };
  struct Flight {
    core::Job job;
    size_t partition;
    size_t sink;
    uint64_t puts_before;                  // by others
    std::optional<core::JobResult> early;  // the job's effect, if it came before its end
  };
  struct Rates {  // per cent, of the ends of jobs and acknowledgements
    uint64_t entry = 0, object = 0, throttled = 0, sink = 0, lost = 0, ack = 0, deferred = 0;
    uint64_t event = 0;    // of steps that could bring an event to the host: those that do not
    uint64_t give_up = 0;  // of steps of a host in conflict: those in which an operator ends it
  };

  // simulation_setup.cc
  void draw_world();
  void draw_rates();
  void seed_sink(size_t partition);
  Coding coding_of(uint64_t number) const;
  bool record_gaps(size_t partition);  // true if there are any
  void begin_run();
  void end_run();
  void owe(size_t partition);
  void restore_host(size_t partition);

  // simulation_steps.cc
  void random_step();
  void host_step(size_t partition);
  void worker_step();
  void time_step();
  void notify(size_t partition);
  void deliver(size_t partition, size_t at_most);
  void start_jobs(size_t at_most);
  void end_job(size_t flight);
  uint64_t put_us();
  core::JobResult outcome(Flight& flight);
  core::JobResult execute(const Flight& flight);
  void late_ended(const Flight& flight, const core::JobResult& result);
  void deliver_event();
  void give_ack();
  void end_ack(size_t which);
  void swap_sink(bool fresh);
  void tick();
  PartitionRef ref_of(size_t partition);

  // simulation.cc
  void turbulence();
  void peace();
  void drain();
  void rescue(size_t round);
  void give_up(size_t partition);
  void final_word();
  void after_step();
  void take_events();
  void keep_promise(size_t partition, Lsn lsn);
  void keep_promise_of_earlier_runs(size_t partition, Lsn lsn);
  void check_time();
  void trace(const char* format, ...) __attribute__((format(printf, 2, 3)));

  const RunOptions options_;
  Random random_;
  RunStats stats_;
  TimeMs now_;
  core::SchedulerConfig config_;
  Rates rates_;
  bool gentle_ = false;   // no more faults
  bool dawdles_ = false;  // the host's event callback, also then
  bool slow_puts_ = false;
  bool slow_now_ = false;
  bool stopping_ = false;  // jobs may end as cancelled
  bool broken_all_ = false;
  bool one_truth_ = true;  // no sink was given other content than a host had
  uint64_t restart_chance_ = 0;

  World world_;
  std::vector<Driven> driven_;
  // By partition and sink: notified in runs that ended, with something older in the sink, and not in it.
  std::map<std::pair<size_t, size_t>, std::set<Lsn>> owed_;
  size_t sink_ = 0;                     // the one in use
  std::vector<size_t> sink_of_number_;  // of this run
  std::vector<PartitionRef> free_refs_;
  PartitionRef refs_ = 0;
  std::unique_ptr<core::PartitionStore> partitions_;
  std::unique_ptr<core::Scheduler> scheduler_;
  std::unique_ptr<Model> model_;
  std::vector<Flight> flights_;
  std::vector<core::Ack> acks_;
  std::deque<core::Event> undelivered_;
};

}  // namespace tidemark::sim

#endif  // TIDEMARK_SIM_SIMULATION_H
