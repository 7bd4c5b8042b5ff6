// The journal: one line for every entry ever committed, with the digest of its content. It outlives the
// entries (verify compares the archive with it), so a record is durable before its entry may be pruned.
//
//   <storage> <partition> <LSN text> <sha256> <origin, percent-encoded, or ->
//
// A crash may tear the last lines; open() cuts the file at the first line that is not whole, and the log
// store writes those records again from the entries, which are still there.
#ifndef TIDEMARK_HOST_SIM_JOURNAL_H
#define TIDEMARK_HOST_SIM_JOURNAL_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "digest.h"
#include "fs.h"

namespace tidemark::host {

struct JournalRecord {
  std::string storage;
  uint64_t partition = 0;
  uint64_t lsn = 0;
  Digest digest{};
  std::string origin;  // empty: made up
};

std::string format_record(const JournalRecord& record);     // with its newline
Result<JournalRecord> parse_record(std::string_view line);  // without

// What a journal file holds.
struct JournalScan {
  uint64_t whole_bytes = 0;  // up to here every line is a record
  uint64_t total_bytes = 0;
};

// Visits every whole record. A file that is not there holds nothing.
Result<JournalScan> scan_journal(const std::string& path, const std::function<void(JournalRecord)>& visit);

// The writing side. Every member may be called by any thread.
class Journal {
 public:
  // Cuts the file to `whole_bytes` and appends from there on.
  static Result<std::unique_ptr<Journal>> open(const std::string& path, uint64_t whole_bytes);

  Result<void> append(const std::vector<JournalRecord>& records) TM_EXCLUDES(mutex_);
  // All that was appended before is durable afterwards; free if nothing was.
  Result<void> sync() TM_EXCLUDES(mutex_);

 private:
  Journal(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  const std::string path_;
  const UniqueFd fd_;
  Mutex mutex_;  // keeps appended lines whole
  bool unsynced_ TM_GUARDED_BY(mutex_) = true;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_JOURNAL_H
