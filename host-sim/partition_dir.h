// One partition on disk:
//
//   <root>/wal/<LSN text>/       one entry: MANIFEST and payload files
//   <root>/wal/.tmp-<LSN text>/  an entry that is being written; swept by the next scan
//   <root>/position              "acked A low L next N": replaced as a whole, at most a moment out of date
//
// An entry is there if its directory has a MANIFEST: it appears by a rename when all of it is durable, and
// the MANIFEST is the first thing that pruning takes away. Functions of one partition are called by one
// thread at a time, but writing (at the end) and pruning (at the front) may overlap.
#ifndef TIDEMARK_HOST_SIM_PARTITION_DIR_H
#define TIDEMARK_HOST_SIM_PARTITION_DIR_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "entry_writer.h"
#include "partition_table.h"

namespace tidemark::host {

std::string entry_path(const std::string& root, uint64_t lsn);

// Writes the entry under its temporary name; makes the partition's directories if they are missing.
Result<Digest> stage_entry(const std::string& root, const EntrySpec& spec, Durability durability);
void drop_staged(const std::string& root, uint64_t lsn);
// Gives first .. last their names; they have all been staged.
Result<void> publish_entries(const std::string& root, uint64_t first, uint64_t last, Durability durability);

Result<void> prune_entry(const std::string& root, uint64_t lsn);

// LSNs of the whole entries, ascending, after sweeping temporary names and what is left of pruned entries.
Result<std::vector<uint64_t>> sweep_and_list(const std::string& root);

// What a log can be after a crash, once the journal has been read up to journal_last: pruned at its front and
// unfinished at its end.
struct RecoveredLog {
  PartitionPosition position;
  std::vector<uint64_t> to_remove;  // acknowledged long ago, or never finished and so never notified
};
Result<RecoveredLog> recover_log(const std::vector<uint64_t>& on_disk, const PartitionPosition& recorded,
                                 uint64_t journal_last);

Result<void> write_position(const std::string& root, const PartitionPosition& position);
// The recorded position; the initial one if there is none or it cannot be read, which is safe: entries that
// were acknowledged are archived already and will be acknowledged again.
PartitionPosition read_position(const std::string& root);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_PARTITION_DIR_H
