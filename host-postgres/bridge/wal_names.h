// The files that PostgreSQL archives, and where each lies in an archive: names <-> storage, partition and
// LSN.
//
//   file            storage                    partition                   LSN
//   segment         <system identifier>.<N>M   timeline                    its number; N is its size in MiB
//   TT.history      <sysid>.history            timeline                    1
//   S.OFF.backup    <sysid>.backup.<timeline>  where it starts, in bytes   1
//   S.partial       <sysid>.partial.<timeline> number of the segment       1
//   S.partial of another server     <sysid>.partial.<timeline>.to.<promoted to>
//
// Two servers that left a timeline in the same segment each have an S.partial: the second is kept beside the
// first, by the timeline that its server was promoted to.
// What is sparse has a partition for each file, because a jump in the LSNs of one would be a gap. Segment 0
// never exists: a cluster begins with segment 1. Pure; any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_WAL_NAMES_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_WAL_NAMES_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::postgres {

// What names depend on.
struct Cluster {
  uint64_t system_identifier = 0;
  uint32_t segment_bytes = 0;  // a power of 2 from 1 MiB to 1 GiB

  uint64_t segments_in_file_id() const { return (uint64_t{1} << 32) / segment_bytes; }
  friend bool operator==(const Cluster&, const Cluster&) = default;
};
bool is_segment_size(uint64_t bytes);

enum class WalKind : uint8_t { kSegment, kHistory, kBackup, kPartial };

struct WalFile {
  WalKind kind = WalKind::kSegment;
  uint32_t timeline = 0;
  uint64_t segment = 0;      // its number; 0 for a history
  uint32_t offset = 0;       // in its segment, of a backup's start
  uint32_t promoted_to = 0;  // of a partial one that is not the first of its name; not in the name
  friend bool operator==(const WalFile&, const WalFile&) = default;
};

// Nothing for whatever else: lower case digits, timeline 0, a segment that no cluster with segments of that
// size has.
std::optional<WalFile> parse_wal_name(std::string_view name, const Cluster& cluster);
// As pg_wal has it.
std::string wal_name(const WalFile& file, const Cluster& cluster);
// That, or "<name>.partial.to.3": what `get` is given.
std::optional<WalFile> parse_kept_name(std::string_view name, const Cluster& cluster);
std::string kept_name(const WalFile& file, const Cluster& cluster);
std::string segment_name(uint32_t timeline, uint64_t segment, const Cluster& cluster);
std::string history_name(uint32_t timeline);

struct Place {
  std::string storage;
  uint64_t partition = 0;
  uint64_t lsn = 0;
  friend bool operator==(const Place&, const Place&) = default;
};
Place place_of(const WalFile& file, const Cluster& cluster);
// Nothing if no file of this cluster lies there.
std::optional<WalFile> file_at(std::string_view storage, uint64_t partition, uint64_t lsn,
                               const Cluster& cluster);

std::string segment_storage(const Cluster& cluster);
std::string history_storage(uint64_t system_identifier);
std::string backup_storage(uint64_t system_identifier, uint32_t timeline);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_WAL_NAMES_H
