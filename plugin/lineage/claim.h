// Claiming an epoch of a storage, and taking one over: what core/claim.h decides, done with the sink and the
// lineage file.
//
// Free functions; any thread, but one claim of a storage at a time. `call` as in store/store.h.
#ifndef TIDEMARK_LINEAGE_CLAIM_H
#define TIDEMARK_LINEAGE_CLAIM_H

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lineage/lineage_file.h"
#include "sink/sink.h"

namespace tidemark::lineage {

// Whose an error is, and so who waits for what.
enum class Trouble : uint8_t {
  kNone,
  kSink,        // what the sink says
  kFile,        // the lineage file, or this machine
  kRefused,     // the archive is another owner's, its newest record cannot be read, or an older one is lost
  kSuperseded,  // see core/claim.h
};

struct Claimed {
  uint64_t epoch = 0;
  Id claim{};                          // as in its record
  Chain chain;                         // it, and what it continues
  std::string notice;                  // for the log
  bool is_suspicious = false;          // the log says it as a warning
  uint64_t records_written_again = 0;  // by a takeover, of older epochs
  Trouble trouble = Trouble::kNone;
  Error error;  // if there is trouble: names the record or the file, and the way out
};

// A listing (of all records, so a request more for each page of them), a record read and a record written,
// unless others claim at the same time. The file remembers the epoch before its record is there, so before
// the first put under its number. REFUSED where the record of an epoch that this data continues is lost.
Claimed claim_epoch(sink::Sink& sink, std::string_view storage, LineageFile& file, const tidemark_call* call);

// Claims an epoch after `over`, the newest, for a data directory that was superseded: an operator decided
// that this history continues. Its number is above all in the names of the storage, which is listed as a
// whole. Records that the archive lost, and that what is continued needs, are written again before: see
// lost_records.h. INVALID: `over` is neither the newest nor, where that is lost, the last that the file
// remembers; the reason is not one line; or there is no such epoch to be restored from. CORRUPT: what it
// continues cannot be told.
//
// With `restored_from` the data directory was filled by restoring that epoch, because the one that wrote it
// is lost, its lineage file with it: its owner becomes the archive's, and it continues that epoch. Or the
// file remembers that epoch, and only its record is lost: then that is written again.
struct Takeover {
  uint64_t over = 0;
  uint64_t restored_from = 0;  // 0: it continues what its file remembers
  std::string_view reason;
};
Claimed take_over(sink::Sink& sink, std::string_view storage, LineageFile& file, const Takeover& takeover,
                  const tidemark_call* call);

}  // namespace tidemark::lineage

#endif  // TIDEMARK_LINEAGE_CLAIM_H
