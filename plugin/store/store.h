// Reading back: what a sink holds of a partition, objects verified, and entries restored.
//
// Free functions on an open sink; any thread, any number at once. `call` (deadline and cancellation of the
// whole, however many requests it takes) may be NULL. Names that are not archives' names are skipped.
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

#include "base/result.h"
#include "codec/keys.h"
#include "core/found.h"
#include "format/chain.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "format/types.h"
#include "sink/sink.h"

namespace tidemark::store {

// Objects are listed by their last LSN. A batch that reaches far back may stand after others; archives
// overlap only after an accident (two hosts on one archive), so readers look this many names further.
inline constexpr size_t kOverlapNames = 1000;

struct ArchiveInfo : ParsedName {
  Range part;            // of the range, what counts in the chain that is asked for; else all of it
  std::string_view key;  // borrowed for the visit
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
};

// Ascending by last LSN: archives and records that reach `from` or lie after it. `visit` returns false
// to stop, which is not an error; it must not throw.
Status list(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn from,
            const std::function<bool(const ArchiveInfo&)>& visit, const tidemark_call* call);

// INVALID: not an archive's key. CORRUPT: too short, no footer, or that of another archive. `size_bytes` is
// the object's where it is known, else 0: some stores need a second request for what is counted from the end.
Result<Footer> read_footer(sink::Sink& sink, std::string_view key, const tidemark_call* call,
                           uint64_t size_bytes = 0);

// The object as stored, archive or gap record; its end is given out only after its digest was found right.
// After any status but OK discard what `out` received. A status of `out` is passed on. CORRUPT also: it has
// no tag, and the keys want one.
Status fetch(sink::Sink& sink, std::string_view key, const codec::Keys& keys, const tidemark_writer& out,
             const tidemark_call* call);

// The plain tar that an archive holds, decoded; its end mark is given out only after all of it, members
// included, was found right. INVALID: not an archive's key. SEALED: no identity decrypts it. Else as
// fetch().
Status fetch_plain(sink::Sink& sink, std::string_view key, const codec::Keys& keys,
                   const tidemark_writer& out, const tidemark_call* call);

struct Restored {
  std::string key;             // the archive the entry came from
  std::vector<Error> damaged;  // archives that were tried before and are not what they should be
};
// Restores one entry as <directory>/<LSN>, see tar/extract.h. Of the archives of the chain that hold it those
// of the newest epoch count: for an entry that was acknowledged in this history, that is the epoch that rules
// it. NOT_FOUND: no archive of the chain holds it; the message says if it is known as a gap. CORRUPT: an
// archive that holds it is of an epoch without a record, so that nobody knows whose history it is.
struct Restoring {
  std::string_view storage;
  uint64_t partition = 0;
  Lsn lsn = kNoLsn;
  std::string_view directory;
  size_t piece_bytes = 0;
  const codec::Keys& keys = codec::no_keys();
};
Result<Restored> restore(sink::Sink& sink, const Chain& chain, const Restoring& what,
                         const tidemark_call* call);

// How far discovery looks back. A run that is killed leaves at most 128 archives of a partition after an
// entry that it has not archived, twice the largest partition_inflight; the rest is for one that was killed
// while it filled the hole of another.
inline constexpr size_t kLookBackArchives = 192;

// The lowest hole before `low` among the last kLookBackArchives archives of the partition: LSNs that no
// archive holds, and no record says why. A partition begins after its origin record, and what is missing
// after that is a hole even if nothing was ever archived; without an origin record it begins with entry 1.
Result<std::optional<Range>> find_gap_before(sink::Sink& sink, std::string_view storage, uint64_t partition,
                                             Lsn low, const tidemark_call* call);

inline constexpr size_t kKnownGapsMax = 16;

struct DiscoverOptions {
  // Whose history; nullptr: histories are not told apart, and a name of a later epoch is UNSUPPORTED.
  const Chain* chain = nullptr;
  bool check_older = true;   // look at what lies before low: gap, known_gaps and holds_nothing
  bool check_empty = false;  // holds_nothing also without check_older
  size_t max_archives = 1024;
};
struct Discovery {
  std::vector<core::Found> archives;  // that hold something at or above low, ascending by last
  // `archives` is complete up to here; kEveryLsn unless cut by the limit.
  Lsn complete_through = kNoLsn;
  // With check_older, as find_gap_before() gives it. If it does not reach low, others may follow: look again
  // once it is recorded.
  std::optional<Range> gap;
  // With check_older: what gap records say of entries before low, among the last kLookBackArchives archives
  // and of the whole hole that ends right before low; without what was accepted, pruned or archived after
  // all. Ascending, apart from each other; of more than kKnownGapsMax the last ones.
  std::vector<Range> known_gaps;
  // With check_older: an archive or a record of what lies before low.
  std::optional<ParsedName> older;
  bool holds_nothing = false;  // no archive and no record of the partition; not looked at if low is 1
  // An archive or gap record of the newest epoch of the chain was seen.
  bool has_newest_epoch = false;
  Lsn newest_begun = kNoLsn;  // where that began, if a name says it
};
// What the sink holds at or above low, in pages of max_archives; low >= 1. An archive that ends after a page
// and reaches back into it belongs to the page, see kOverlapNames. If an origin record is all there is of a
// partition, it is read before it is relied on. CORRUPT: it is not what its name says.
Result<Discovery> discover(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn low,
                           const DiscoverOptions& options, const tidemark_call* call);

// Records durably that a partition of which the sink holds nothing begins at low, which is above 1. True: the
// record was written. False: it was there already. CORRUPT: what was there is not that record.
Result<bool> write_origin(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn low,
                          uint64_t epoch, int64_t now_us, const tidemark_call* call);

// The epoch that continues the history after a hole: that of the first archive after it; 0: there is none.
Result<uint64_t> epoch_after(sink::Sink& sink, std::string_view storage, uint64_t partition, Range hole,
                             const Chain& chain, const tidemark_call* call);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_STORE_H
