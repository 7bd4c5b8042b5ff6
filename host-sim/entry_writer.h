// Writes one entry of the log: its payload files and its MANIFEST, complete and (unless asked otherwise)
// durable under the path it is given. Any thread; the path belongs to the caller.
#ifndef TIDEMARK_HOST_SIM_ENTRY_WRITER_H
#define TIDEMARK_HOST_SIM_ENTRY_WRITER_H

#include <cstdint>
#include <string>

#include "base/result.h"
#include "digest.h"
#include "fs.h"

namespace tidemark::host {

inline constexpr char kManifestName[] = "MANIFEST";

// What made-up entries consist of. Seed, history, partition, LSN and the file's number decide every byte, so
// that a run that is resumed writes what the interrupted one would have written.
struct PayloadShape {
  uint32_t files = 2;
  uint64_t file_size_bytes = 2048;
  uint64_t seed = 1;
};

struct EntrySpec {
  std::string storage;
  uint64_t partition = 0;
  uint64_t lsn = 0;
  std::string origin;  // the real file that is the payload; empty: made-up files of `shape`
  PayloadShape shape;
  uint64_t history = 0;  // see history.h
};

// Creates the directory `path` (not the ones above it) and returns the digest of the whole entry. An error
// with sys_errno ENOENT that names the origin means the file has vanished. After an error `path` may hold a
// part.
Result<Digest> write_entry(const std::string& path, const EntrySpec& spec, Durability durability);

// The origin a MANIFEST names; empty if the payload was made up.
Result<std::string> manifest_origin(const std::string& manifest);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_ENTRY_WRITER_H
