// What earlier runs of verify have read and found right, kept in a file: text, replaced atomically.
//
//   {"tidemark_checkpoint":2,"url":"file:///var/archive"}
//   main/7
//   a 1 12 8192 1795591297863981 1795591300000000
//   end
//
// A line for each object, by partition and in the order of keys: a letter for its kind and coding, first and
// last LSN, size, time by the sink's clock, when it was read and found right, and its epoch if that is not
// the first. Some 50 bytes of memory for each. Main thread.
#ifndef TIDEMARK_CLI_CHECKPOINT_H
#define TIDEMARK_CLI_CHECKPOINT_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "archive.h"
#include "error.h"
#include "format/object_name.h"

namespace tidemark::cli {

struct Checked {
  int32_t kind = 0;
  uint64_t first = 0, last = 0;
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
  int64_t checked_us = 0;  // 0: it was right once and is not now, so every run reads it
  uint64_t epoch = 1;
  Coding coding = Coding::kNone;  // of an archive
  uint64_t begun = kNoLsn;        // of its name

  bool operator==(const Checked&) const = default;
};
// As their keys are ordered.
bool comes_before(const Checked& a, const Checked& b);
Checked to_checked(const Stored& stored, int64_t checked_us);

using CheckedObjects = std::vector<Checked>;               // in the order of their keys
using Checkpoint = std::map<std::string, CheckedObjects>;  // by "main/7"

// One name for an archive however its URL is spelled: without the query (options of the sink), with the
// scheme in lower case, percent-escapes resolved, and no '/' repeated or at the end.
std::string archive_identity(std::string_view url);

// A checkpoint of another archive, or a file that is not a checkpoint, is an error. No file: empty.
Result<Checkpoint> load_checkpoint(const std::string& path, const std::string& url);
// Asks for the objects of each partition; the names ascend.
Result<void> save_checkpoint(const std::string& path, const std::string& url,
                             const std::map<std::string, const CheckedObjects*>& partitions);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_CHECKPOINT_H
