#include "runtime/loaned_entries.h"

#include <string>

#include "base/stopwatch.h"
#include "runtime/host.h"

namespace tidemark::runtime {

LoanedEntries::LoanedEntries(const tidemark_host& host, const PartitionId& id, SourcePool& sources,
                             metrics::Metrics& metrics)
    : host_(host), partition_(abi_partition(id)), memory_(sources.take()) {
  if (memory_.waited()) metrics.waited_for_memory();
}

Status LoanedEntries::add(Lsn lsn, uint64_t most_bytes, bool* taken) {
  const Stopwatch acquiring;
  const Result<std::string_view> path = acquire(lsn);
  acquire_time_ += acquiring.elapsed();
  if (!path) return path.error();
  TM_ASSIGN(const bool added, source().add({lsn, *path}, most_bytes));
  *taken = added;
  return {};
}

void LoanedEntries::give_back() {
  source().close();
  for (tidemark_entry& entry : entries_) host_.release_entry(host_.ctx, &partition_, &entry);
  entries_.clear();
}

Result<std::string_view> LoanedEntries::acquire(Lsn lsn) {
  tidemark_error error = empty_abi_error();
  entries_.push_back({sizeof(tidemark_entry), 0, {nullptr, 0}, nullptr});  // before there is a loan to lose
  tidemark_entry& entry = entries_.back();
  const tidemark_status status = host_.acquire_entry(host_.ctx, &partition_, lsn, &entry, &error);
  if (status != TIDEMARK_OK) {
    entries_.pop_back();
    return from_abi(status, error, "acquire_entry");
  }
  const std::string_view path = view(entry.path);
  if (path.empty() || path.front() != '/') {
    return fail(TIDEMARK_E_INVALID,
                "acquire_entry gave the path '" + std::string(path) + "', which is not absolute");
  }
  return path;
}

}  // namespace tidemark::runtime
