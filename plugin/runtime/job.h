// Runs one job of the scheduler: acquire -> lay out -> put -> release, or a look at what the sink holds;
// and sorts what went wrong into the scheduler's scopes.
//
// One JobRunner per worker thread, reused. A job that needs memory leases it and waits while there is none.
#ifndef TIDEMARK_RUNTIME_JOB_H
#define TIDEMARK_RUNTIME_JOB_H

#include <tidemark/archiver.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "metrics/metrics.h"
#include "runtime/dispatcher.h"
#include "runtime/memory.h"
#include "sink/slot.h"
#include "tar/entry_source.h"

namespace tidemark::runtime {

class JobRunner {
 public:
  // All borrowed for the runner's life; `cancelled` turning true ends what runs within a second.
  JobRunner(const tidemark_host& host, sink::Slot& slot, metrics::Metrics& metrics,
            metrics::Stages::Shard& stages, SourcePool& sources, const std::atomic<bool>& cancelled);

  JobDone run(const JobCommand& command);

 private:
  class Leases;
  struct Ended {
    core::JobResult result;
    Error error;
  };

  Ended archive(const PartitionId& id, core::Range range);
  Ended verify(const PartitionId& id, core::Range range);
  Ended record_gap(const PartitionId& id, core::Range range);
  Ended discover(const PartitionId& id, const core::Job& job);

  // Acquires the entries of range and lays them out; an Ended if that failed.
  std::optional<Ended> lay_out(const PartitionId& id, core::Range range, Leases* leases);
  // Compares what lies under key with the body: equal, in conflict, or not to be told now.
  Ended compare(const PartitionId& id, core::Range range, const std::string& key, tar::EntrySource& body);
  Status put(const std::string& key, const tidemark_source& source);
  Ended ended(core::Outcome outcome, Error error) const;
  Ended entry_error(Error error) const;
  Ended sink_error(Error error) const;
  Ended conflict(Error error) const;

  const tidemark_host& host_;
  sink::Slot& slot_;
  metrics::Metrics& metrics_;
  metrics::Stages::Shard& stages_;
  SourcePool& sources_;
  const std::atomic<bool>& cancelled_;
  tidemark_call call_;
  std::shared_ptr<sink::Sink> sink_;  // of the job that runs
  std::vector<tar::EntryPath> paths_;
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_JOB_H
