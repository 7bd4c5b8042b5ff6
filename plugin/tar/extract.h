// Restores one entry of an archive from the archive's bytes, as <directory>/<LSN>: whole, verified and
// fsynced, or not at all.
//
// Any thread; nothing is shared between calls. The bytes may come from anywhere and be hostile: only regular
// files, directories and symlinks within <LSN>/ are made, none of them through a symlink, and the result
// becomes visible only after the footer has been found to agree with the bytes and with what was asked for.
#ifndef TIDEMARK_TAR_EXTRACT_H
#define TIDEMARK_TAR_EXTRACT_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/call.h"
#include "base/result.h"
#include "format/object_name.h"
#include "format/types.h"
#include "tar/archive_proof.h"
#include "tar/limits.h"

namespace tidemark::tar {

// An object's bytes in order, footer included.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The next bytes, valid until the next call; empty at the end.
  virtual Result<std::span<const uint8_t>> next() = 0;
};

struct ExtractLimits {
  uint64_t members = tree::kMembersMax;  // of one archive
};

// What is to be restored, and what the archive must say of itself.
struct Extraction {
  std::string_view storage;
  uint64_t partition = 0;
  Range range;  // of the archive
  Lsn lsn = kNoLsn;
  std::string_view directory;  // exists
  ExtractLimits limits;
  uint64_t epoch = kFirstEpoch;  // of the archive
  Coding coding = Coding::kNone;
  Lsn begun = kNoLsn;
};

//   CORRUPT      not the archive it should be, damaged, or with members no archive of ours has
//   EXISTS       <directory>/<LSN> is there already
//   NOT_FOUND    no such directory
//   NO_SPACE, RETRYABLE, PERMANENT   writing failed; whatever `bytes` fails with is passed on
//   CANCELLED    asked to stop
//   others       see ArchiveProof, of which `ask_footer` is
Status extract_entry(ByteStream& bytes, const Extraction& wanted, const Call& call,
                     const codec::Keys& keys = codec::no_keys(),
                     const ArchiveProof::AskFooter& ask_footer = {});

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_EXTRACT_H
