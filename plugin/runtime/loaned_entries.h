// Memory and entries on loan for one job: each entry is given back exactly once, whatever happens, after the
// source has closed its files.
//
// One thread, a worker's. Borrows the host's table, the pool and the metrics.
#ifndef TIDEMARK_RUNTIME_LOANED_ENTRIES_H
#define TIDEMARK_RUNTIME_LOANED_ENTRIES_H

#include <tidemark/archiver.h>

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/metrics.h"
#include "runtime/intake.h"
#include "runtime/memory.h"
#include "tar/entry_source.h"

namespace tidemark::runtime {

class LoanedEntries {
 public:
  // Waits for memory.
  LoanedEntries(const tidemark_host& host, const PartitionId& id, SourcePool& sources,
                metrics::Metrics& metrics);
  ~LoanedEntries() { give_back(); }
  LoanedEntries(const LoanedEntries&) = delete;
  LoanedEntries& operator=(const LoanedEntries&) = delete;

  tar::EntrySource& source() const { return memory_.source(); }
  // What encodes it; NULL where archives are plain.
  codec::CodedSource* coded() const { return memory_.coded(); }
  std::chrono::nanoseconds acquire_time() const { return acquire_time_; }

  // Acquires the entry and adds it to the source; *taken as add() of the source says.
  Status add(Lsn lsn, uint64_t most_bytes, bool* taken);
  // The entries; the memory stays.
  void give_back();

 private:
  Result<std::string_view> acquire(Lsn lsn);

  const tidemark_host& host_;
  const tidemark_partition partition_;
  const SourcePool::Lease memory_;
  std::vector<tidemark_entry> entries_;
  std::chrono::nanoseconds acquire_time_{0};
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_LOANED_ENTRIES_H
