// Log entries of one partition as the bytes of one archive: a tar of exact, known length with its footer.
//
// An EntrySource is made once per worker and reused: add() lays entries out (names, sizes, modes), read() and
// data() give the bytes, close() lets go of the files. One thread at a time. Equal entries give equal bytes
// on every machine (see the design of the tar in README.md of this folder).
//
// An archive that fits the buffer is read whole as it is made; a larger one is streamed, each
// file opened when its bytes are asked for; one whose members do not fit in layout_bytes either is laid out
// piece by piece. Memory is bounded by SourceLimits, whatever the entries.
#ifndef TIDEMARK_TAR_ENTRY_SOURCE_H
#define TIDEMARK_TAR_ENTRY_SOURCE_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/call.h"
#include "base/result.h"
#include "format/footer.h"
#include "format/types.h"
#include "tar/limits.h"

namespace tidemark::tar {

struct EntryPath {
  Lsn lsn = kNoLsn;
  std::string_view path;  // a regular file or a directory; borrowed until close()
};

inline constexpr size_t kLayoutBytesMin = 32 << 10;

struct SourceLimits {
  size_t buffer_bytes = 1 << 20;  // the one buffer; archives up to this size are held in it whole
  // Names, sizes and modes of the members at hand, and checksums; at least kLayoutBytesMin.
  size_t layout_bytes = 15 << 20;
  uint64_t members = kMembersMax;  // of one archive
};

// What an archive took since it was opened.
struct SourceTimes {
  std::chrono::nanoseconds stat{0};  // finding, naming and measuring its members
  std::chrono::nanoseconds read{0};  // reading and digesting their bytes
};

class EntrySource {
 public:
  explicit EntrySource(SourceLimits limits);
  ~EntrySource();
  EntrySource(const EntrySource&) = delete;
  EntrySource& operator=(const EntrySource&) = delete;

  // An archive is made by begin(), an add() for each entry in LSN order, at least one, and seal(). Errors are
  // of the entry:
  //   NOT_FOUND    an entry's path does not exist
  //   CORRUPT      a file changed, grew, shrank or vanished while it was read
  //   PERMANENT    device, socket, FIFO, symlink as the entry itself, not permitted, more members than
  //   `members`,
  //                too long a name, a file that is none of a disk, more bytes or depth than layout_bytes
  //                allows
  //   RETRYABLE    EIO, EMFILE and their like
  //   CANCELLED    asked to stop: `call` is asked between chunks and members
  // The message names the file.
  Status begin(std::string_view storage, uint64_t partition, const Call& call);
  // False: with it the archive would have more than `most_bytes`, or more members than it may; then it begins
  // the next. The first entry never has too many bytes. After false or an error the entry is not part of the
  // archive, and those before it still are.
  Result<bool> add(const EntryPath& entry, uint64_t most_bytes = UINT64_MAX);
  void seal();
  // All of it: the archive of these entries or the first error.
  Status open(std::string_view storage, uint64_t partition, std::span<const EntryPath> entries,
              const Call& call);

  uint64_t size_bytes() const;  // of the whole archive, footer included
  // The whole archive if it lies in memory and its digest is known, else nullptr.
  const uint8_t* data() const;
  // Up to `size` bytes from `offset`; 0 only at the end. Any offset, repeatable. The footer is given out only
  // after every byte before it was read and each file was found unchanged; bytes read a second time must
  // have the same checksum as the first time, else CORRUPT. That is cheapest in whole multiples of 256 KiB.
  Result<size_t> read(uint64_t offset, void* buffer, size_t size);
  // Of the bytes before the footer; reads them all if that has not happened yet.
  Result<Digest> content_digest();
  // Of the whole object, footer included (what S3 signs).
  Result<Digest> object_digest();
  // The CRC-32C of the whole object; free of cost after object_digest().
  Result<uint32_t> object_crc32c();
  // The first error that open(), read() or a digest gave since begin(): tells a failing entry from a
  // failing sink after a put.
  const std::optional<Error>& failure() const;
  const SourceTimes& times() const;
  // A file or directory that has what an archive does not keep, see attributes.h; empty: none was noticed
  // since the source was made or forget_attributes().
  const std::string& attributes_found() const;
  void forget_attributes();
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_ENTRY_SOURCE_H
