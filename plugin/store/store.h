// Reading back: what an archive holds, its objects verified, and entries restored from it.
//
// Free functions on an open sink; any thread, any number at once. `call` (deadline and cancellation of the
// whole, however many requests it takes) may be NULL. Names that are no archives' names are skipped.
// A sink's errors are passed on with the key; a listing that could not be finished is an error.
#ifndef TIDEMARK_STORE_STORE_H
#define TIDEMARK_STORE_STORE_H

#include <tidemark/base.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/archive_name.h"
#include "core/footer.h"
#include "core/types.h"
#include "sink/sink.h"
#include "util/result.h"

namespace tidemark::store {

// Objects are listed by their last LSN. A batch that reaches far back may stand behind others; archives
// overlap only after an accident (two hosts on one archive), so readers look this many names further.
inline constexpr size_t kOverlapNames = 1000;

struct ArchiveInfo {
  core::Range range;
  core::ObjectKind kind = core::ObjectKind::kArchive;
  std::string_view key;  // borrowed for the visit
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
};

// Ascending by last LSN: archives and gap records that reach `from` or lie behind it. `visit` returns false
// to stop, which is no error; it must not throw.
Status list(sink::Sink& sink, std::string_view storage, uint64_t partition, core::Lsn from,
            const std::function<bool(const ArchiveInfo&)>& visit, const tidemark_call* call);

// INVALID: not an archive's key. CORRUPT: too short, no footer, or that of another archive.
Result<core::Footer> read_footer(sink::Sink& sink, std::string_view key, const tidemark_call* call);

// The object as stored, archive or gap record; its end is given out only after its digest was found right.
// After any status but OK discard what `out` received. A status of `out` is passed on.
Status fetch(sink::Sink& sink, std::string_view key, const tidemark_writer& out, const tidemark_call* call);

struct Restored {
  std::string key;             // the archive the entry came from
  std::vector<Error> damaged;  // archives that were tried before and are not what they should be
};
// Restores one entry as <directory>/<LSN>, see tar/extract.h. NOT_FOUND: no archive holds it; the message
// says if it is known as a gap.
Result<Restored> restore(sink::Sink& sink, std::string_view storage, uint64_t partition, core::Lsn lsn,
                         std::string_view directory, size_t piece_bytes, const tidemark_call* call);

// The hole right before `low`: nothing if low - 1 is archived or recorded as a gap, or if nothing older is.
Result<std::optional<core::Range>> find_gap_before(sink::Sink& sink, std::string_view storage,
                                                   uint64_t partition, core::Lsn low,
                                                   const tidemark_call* call);

struct DiscoverOptions {
  bool check_older = true;
  size_t max_archives = 1024;
};
struct Discovery {
  std::vector<core::Range> archives;  // that hold something at or above low, ascending by last
  // `archives` is complete up to here; core::kEveryLsn unless cut by the limit.
  core::Lsn complete_through = core::kNoLsn;
  std::optional<core::Range> gap;  // with check_older, as find_gap_before() gives it
};
// What the archive holds at or above low, in pages of max_archives; low >= 1. What reaches back into a page
// from behind it belongs to it, see kOverlapNames.
Result<Discovery> discover(sink::Sink& sink, std::string_view storage, uint64_t partition, core::Lsn low,
                           const DiscoverOptions& options, const tidemark_call* call);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_STORE_H
