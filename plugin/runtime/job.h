// Runs one job of the scheduler: acquire -> lay out -> put -> release, or a look at what the sink holds;
// and sorts failures into the scheduler's scopes (entry, object, sink). What is in the sink and was not put
// by the job itself is read before it counts.
//
// Its files: job.cc runs a job and sorts outcomes, job_archive.cc puts, job_verify.cc compares, job_look.cc
// lists and records, job_storage.cc claims epochs and watches them.
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
#include "runtime/lineage.h"
#include "runtime/memory.h"
#include "runtime/read_pace.h"
#include "sink/sink.h"
#include "store/compare.h"
#include "store/store.h"
#include "tar/entry_source.h"

namespace tidemark::runtime {

// How archives are encoded and decoded.
struct JobCodec {
  const codec::Encoding& encoding;
  const codec::Keys& keys;
};

// Of an archive of more than one entry.
struct BatchLimits {
  uint64_t most_bytes = UINT64_MAX;
  uint64_t held_bytes = 0;  // if its entries are small: all of it fits the memory then

  uint64_t of_entries(uint64_t entry_bytes) const;
};

struct JobLimits {
  BatchLimits batch;
  uint64_t compare_entries = 0;                     // whose digests are held at once
  store::Depth verify_depth = store::Depth::kFull;  // how an archive that was there already is looked at
};

class LoanedEntries;

class JobRunner {
 public:
  // All borrowed for the runner's life; `cancelled` turning true ends what runs within a second. `lineage` is
  // NULL where histories are not told apart.
  JobRunner(const tidemark_host& host, metrics::Metrics& metrics, metrics::Stages::Shard& stages,
            SourcePool& sources, ReadPace& read_pace, const JobLimits& limits, const JobCodec& codec,
            Lineage* lineage, const std::atomic<bool>& cancelled);

  // Whatever fails, also for want of memory, is the job's outcome.
  JobDone run(const JobCommand& command) noexcept;

 private:
  struct Ended {
    core::JobResult result;
    Error error;
    bool existed = false;    // a put found the same archive there
    Lsn begins_at = kNoLsn;  // see JobDone
    std::string notice{};
    bool is_suspicious = false;
  };

  Ended run_kind(const JobCommand& command);
  Ended archive(const PartitionId& id, const core::Job& job);
  Ended verify(const PartitionId& id, const core::Job& job);
  Ended record_gap(const PartitionId& id, const core::Job& job);
  Ended put_gap_record(const PartitionId& id, Range range, uint64_t epoch);
  Ended discover(const PartitionId& id, const core::Job& job);
  Ended disown(const PartitionId& id, const core::Job& job);
  Ended claim(const PartitionId& id);
  Ended watch(const PartitionId& id);
  Status make_durable(const PartitionId& id, const core::Job& job, const store::Discovery& found);

  // Acquires the entries of *range and lays them out. *range becomes what was taken: all before the first
  // entry that cannot be had, or with which there would be more than the limits allow. An Ended if the first
  // entry cannot.
  std::optional<Ended> lay_out(const PartitionId& id, const BatchLimits& limits, const core::Job& job,
                               LoanedEntries& leases, Range* range);
  // *size_bytes becomes those of what is put, if it is encoded.
  Ended put_laid_out(const PartitionId& id, Range range, const core::Job& job, LoanedEntries& leases,
                     uint64_t* size_bytes);
  // `body` gives the bytes, plain or coded.
  template <class Source>
  Ended put_body(const PartitionId& id, const ParsedName& name, Source& body, LoanedEntries& leases);
  Ended entry_error(const PartitionId& id, Lsn lsn, Error error) const;
  // Compares the archive that is there with what was laid out: equal, in conflict, or it cannot be said now.
  // The entries go back to the host before the archive is read.
  Ended compare(const PartitionId& id, const ParsedName& name, uint64_t there_bytes, LoanedEntries& leases);
  // Compares an archive entry by entry with those of the job's part that the host still has.
  // has_all: see conflict().
  Ended compare_entries(const PartitionId& id, const core::Job& job, bool has_all);
  // What nobody here can read may be compared whole, by its tag; and of its part what the host no longer has
  // counts as archived. Else `sealed` stays the answer.
  Ended verify_sealed(const PartitionId& id, const core::Job& job, uint64_t there_bytes, Ended sealed);
  // The host no longer has the entries: they count as archived if the archive is what its footer says. Memory
  // is the caller's.
  Ended prove(const PartitionId& id, const ParsedName& name);
  // The outcome of reading an archive that is there; `read_bytes` of it were read.
  Ended looked_at(const PartitionId& id, const ParsedName& name, Status status, uint64_t read_bytes,
                  bool has_all);
  Result<Digest> digest_of_entry(const PartitionId& id, Lsn lsn, LoanedEntries& leases);
  Status put(const std::string& key, const tidemark_source& source);
  Ended ended(core::Outcome outcome, Error error) const;
  core::Outcome entry_outcome(const Error& error) const;
  Ended entry_error(Error error) const;
  Ended sink_error(Error error) const;
  // has_all: the host was seen to have all that the object is to hold, so that it can be written again.
  Ended conflict(const PartitionId& id, Range range, Error error, bool has_all) const;

  const tidemark_host& host_;
  metrics::Metrics& metrics_;
  metrics::Stages::Shard& stages_;
  SourcePool& sources_;
  ReadPace& read_pace_;
  const JobLimits limits_;
  const JobCodec codec_;
  Lineage* const lineage_;
  const std::atomic<bool>& cancelled_;
  tidemark_call call_;
  std::shared_ptr<sink::Sink> sink_;  // of the job that runs
  Lsn put_through_ = kNoLsn;          // of the archive that it may have put
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_JOB_H
