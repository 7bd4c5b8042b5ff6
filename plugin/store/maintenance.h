// Looking after archives: listing everything that is stored, checking it, restoring many entries at once,
// accepting losses, and removing what is old.
//
// Free functions on an open sink; any thread, any number at once. `call` as in store.h. Visitors run on the
// caller's thread, get what is borrowed for the visit, return false to stop and must not throw.
#ifndef TIDEMARK_STORE_MAINTENANCE_H
#define TIDEMARK_STORE_MAINTENANCE_H

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "codec/keys.h"
#include "format/chain.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "sink/sink.h"
#include "store/record.h"
#include "store/stream.h"
#include "tar/entry_source.h"
#include "tar/tree_comparer.h"

namespace tidemark::store {

// What a folder is by its name, if what is told is a folder: then its key ends in '/'.
enum class FolderKind : uint8_t { kNone, kStorage, kPartition, kOther };

// One finished object, by its name.
struct StoredInfo {
  std::optional<ParsedFolder> folder;  // the partition in whose folder it lies; not of an epoch's record
  std::optional<ParsedName> name;      // nothing: foreign
  std::string_view key;
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
  bool is_irregular = false;  // not an object at all, see TIDEMARK_OBJECT_IRREGULAR
  FolderKind folder_kind = FolderKind::kNone;
};

// Every object in byte order. storage empty: everything; no partition: the whole storage. `from` with a
// partition: what reaches that entry.
Status scan(sink::Sink& sink, std::string_view storage, std::optional<uint64_t> partition, Lsn from,
            const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call);

// One level of that, after a key: storages (storage empty) or partitions, and all other folders and objects
// there, in byte order. What lies in the folders is not listed, and one may hold nothing.
Status scan_level(sink::Sink& sink, std::string_view storage, std::string_view start_after,
                  const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call);

// Every object in these folders, in byte order, after a key. The folders are the keys of neighbours of one
// level, in order; or one alone, which may be "", everything. What has come between them since may be visited
// too.
Status scan_folders(sink::Sink& sink, std::span<const std::string_view> folders, std::string_view start_after,
                    const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call);

struct CheckedEntry {
  Lsn lsn = kNoLsn;
  uint64_t size_bytes = 0;
  const Digest& sha256;
};
struct Checking {
  std::string_view key;
  bool is_deep = false;  // a coded archive is decoded; else only what is stored is proven, without a key
  Progress progress{};
  const codec::Keys& keys = codec::no_keys();
};
// Reads an archive or record whole and proves it: digest, identity, and that an archive's members are exactly
// its entries. `visit` (may be empty, then no digests are taken) sees the entries, for which a coded archive
// is decoded; what it saw counts only if the status is OK.
//   INVALID: not a key of ours.  CORRUPT: not what the key says, or damaged; the message names the key.
//   SEALED: no identity decrypts it.
Status check(sink::Sink& sink, const Checking& what, const std::function<bool(const CheckedEntry&)>& visit,
             const tidemark_call* call);

struct Unpacking {
  std::string_view key;
  Range wanted;                // restored is what of it the archive holds
  std::string_view directory;  // exists
  bool is_private = false;     // see Unpacker::create_private()
  Progress progress;
  bool with_setid = false;  // gives setuid and setgid bits too
  bool sync_later = false;  // see Unpacker::sync_later()
  const codec::Keys& keys = codec::no_keys();
};
// Restores as tar/unpacker.h has it, from one read.
Status unpack(sink::Sink& sink, const Unpacking& what, const tidemark_call* call);

struct TreeComparison {
  std::string_view key;
  Range wanted;  // compared is what of it the archive holds
  std::string_view directory;
  bool with_setid = false;  // see tree/tree_matcher.h
  Progress progress;
  // What to lay the entries out with, to compare them by digest first (TIDEMARK_COMPARE_BY_DIGEST); NULL: the
  // archive is read. Closed afterwards.
  tar::EntrySource* source = nullptr;
  const codec::Keys& keys = codec::no_keys();
};
struct ComparedEntry {
  Lsn lsn = kNoLsn;
  tar::TreeComparer::Verdict verdict{};
  std::string_view why;  // names the file; empty: the same
};
// Compares <directory>/<LSN> with the archive's entries, from one read at most; changes nothing. What `visit`
// saw counts only if the status is OK.
Status compare_tree(sink::Sink& sink, const TreeComparison& what,
                    const std::function<bool(const ComparedEntry&)>& visit, const tidemark_call* call);

// A record's content, proven. INVALID: not a record's key.
Result<Record> read_record(sink::Sink& sink, std::string_view key, const tidemark_call* call);

struct Accepting {
  std::string_view storage;
  uint64_t partition = 0;
  Range lost;
  std::string_view reason;
  int64_t now_us = 0;
};
// Records that an operator accepts a loss in the history of this chain, now: the record is of the epoch that
// rules after the hole, or of the newest if nothing follows. INVALID: an archive of the chain holds one of
// the entries, no range, or no reason. EXISTS: accepted already.
Status accept_gap(sink::Sink& sink, const Chain& chain, const Accepting& what, const tidemark_call* call);

struct Pruning {
  std::string_view storage;
  uint64_t partition = 0;
  Lsn before = kNoLsn;   // every LSN of what is removed lies below
  bool dry_run = false;  // changes nothing
  int64_t now_us = 0;
};
// Records how far, then removes archives and records of all epochs, oldest first; `visit` (may be empty)
// after each. How far is told by what counts in the history of the newest epoch. INVALID: a hole of that
// history below `before` that no record explains, or a name of an epoch without a record. Stopped at any
// instant, what is left has no such hole either, and the same call again finishes.
Status prune(sink::Sink& sink, const Pruning& what, const std::function<bool(const StoredInfo&)>& visit,
             const tidemark_call* call);

struct BranchPruning {
  std::string_view storage;
  uint64_t epoch = 0;    // of which only its own history has anything: no other continues it
  bool dry_run = false;  // changes nothing
};
// Removes what only the history of one epoch has: the archives and records of it, and of what it continues as
// far as no other history does; the records of these epochs last, the newest first. Records of pruning stay:
// they count in every history. INVALID: no such epoch, one of the newest history, or one that is continued.
// Stopped at any instant, what is left is a shorter branch: the same again, or for its newest epoch,
// finishes.
Status prune_branch(sink::Sink& sink, const BranchPruning& what,
                    const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_MAINTENANCE_H
