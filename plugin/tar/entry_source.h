// Log entries of one partition as the bytes of one archive: a tar of exact, known length with its footer.
//
// An EntrySource is made once per worker and reused: add() lays entries out (names, sizes, modes), read() and
// data() give the bytes, close() closes the files. One thread at a time. Equal entries give equal bytes
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
#include <vector>

#include "base/call.h"
#include "base/guard.h"
#include "base/page_buffer.h"
#include "base/result.h"
#include "base/sha256.h"
#include "format/footer.h"
#include "format/types.h"
#include "tar/digested_stream.h"
#include "tar/layout.h"
#include "tar/layout_pieces.h"
#include "tar/limits.h"
#include "tar/packer.h"
#include "tree/attributes.h"
#include "tree/entry_path.h"
#include "tree/walker.h"

namespace tidemark::tar {

inline constexpr size_t kLayoutBytesMin = 32 << 10;

struct SourceLimits {
  size_t buffer_bytes = 1 << 20;  // the one buffer; archives up to this size are held in it whole
  // Names, sizes and modes of the members at hand, and checksums; at least kLayoutBytesMin.
  size_t layout_bytes = 15 << 20;
  uint64_t members = tree::kMembersMax;  // of one archive
};

// What an archive took since it was opened.
struct SourceTimes {
  std::chrono::nanoseconds stat{0};  // finding, naming and measuring its members
  std::chrono::nanoseconds read{0};  // reading and digesting their bytes
};

class EntrySource {
 public:
  explicit EntrySource(SourceLimits limits);
  EntrySource(const EntrySource&) = delete;
  EntrySource& operator=(const EntrySource&) = delete;

  // An archive is made by begin(), an add() for each entry in LSN order, at least one, and seal(). Errors are
  // of the entry:
  //   NOT_FOUND    an entry's path does not exist
  //   CORRUPT      a file changed, grew, shrank or vanished while it was read
  //   PERMANENT    device, socket, FIFO, symlink as the entry itself, not permitted, more than `members`
  //                members, too long a name, a file that is not one of a disk, more bytes or depth than
  //                layout_bytes allows
  //   RETRYABLE    EIO, EMFILE and their like
  //   CANCELLED    asked to stop: `call` is asked between chunks and members
  // The message names the file. made_us: the time that the footer says, 0 for none; equal entries give equal
  // bytes but for it, and for the epoch and where that began.
  Status begin(std::string_view storage, uint64_t partition, const Call& call, int64_t made_us = 0,
               uint64_t epoch = kFirstEpoch, Lsn begun = kNoLsn);
  // False: with this entry the archive would have more than `most_bytes`, or more members than it may; then
  // the entry begins the next archive. The first entry is never refused for its bytes. After false or an
  // error the entry is not part of the archive, and those before it still are.
  Result<bool> add(const tree::EntryPath& entry, uint64_t most_bytes = UINT64_MAX);
  // Of an archive of the entries that were added since begin().
  uint64_t added_bytes() const { return added_bytes_; }
  void seal();
  // All of it: the archive of these entries or the first error.
  Status open(std::string_view storage, uint64_t partition, std::span<const tree::EntryPath> entries,
              const Call& call);

  // Of the whole archive, footer included.
  uint64_t size_bytes() const { return mode_ == Mode::kClosed ? 0 : content_size_ + kFooterSize; }
  // The tar alone, up to and with its end mark.
  uint64_t content_bytes() const { return content_size_; }
  int64_t made_us() const { return made_us_; }
  // The whole archive if it lies in memory and its digest is known, else nullptr.
  const uint8_t* data() const { return mode_ == Mode::kHeld && !failure_ ? buffer_.get() : nullptr; }
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
  // The first error that open(), read() or a digest gave since begin(): after a put that failed it shows
  // whether the entry failed or the sink.
  const std::optional<Error>& failure() const { return failure_; }
  const SourceTimes& times() const { return times_; }
  // A file or directory that has what an archive does not keep, see attributes.h; empty: none was noticed
  // since the source was made or forget_attributes().
  const std::string& attributes_found() const { return attributes_.found(); }
  void forget_attributes() { attributes_.forget(); }
  void close();

 private:
  enum class Mode : uint8_t {
    kClosed,
    kHeld,     // the whole archive lies in buffer_
    kStreamed  // buffer_ is scratch
  };

  Status add_last(uint64_t* size_bytes);
  Result<bool> pack_last(uint64_t* size_bytes);
  Status lay_out_last(uint64_t* size_bytes);
  Status lay_out_whole();
  Status measure_pieces();
  void take_back(size_t packed_bytes, const Status& status);
  void allow_members(size_t entry);
  uint64_t laid_out_size() const;
  Status not_cancelled() const;
  void seal_held();
  void seal_streamed();
  void make_footer(const Digest& digest);
  Result<size_t> read_any(uint64_t offset, uint8_t* out, size_t size);
  Result<size_t> read_streamed(uint64_t offset, uint8_t* out, size_t size);
  Status digest_content();
  Status digest_streamed();
  template <typename T>
  Error failed(const T& result) {
    if (!failure_) failure_ = result.error();
    return result.error();
  }
  // What `body` throws is the failure from now on: half a step may have been done.
  template <typename Body>
  auto kept(Body&& body) -> decltype(body()) {
    try {
      return body();
    } catch (...) {
      failure_ = current_error();
    }
    return *failure_;
  }

  const size_t buffer_bytes_;
  const uint64_t most_members_;
  PageBuffer buffer_;
  tree::ByteBudget budget_;
  tree::AttributeWatch attributes_;
  tree::TreeWalker walker_;
  Packer packer_;
  Layout layout_;
  LayoutPieces pieces_;  // on when the layout cannot be held whole
  DigestedStream stream_;

  Mode mode_ = Mode::kClosed;
  std::string storage_;
  uint64_t partition_ = 0;
  // Either all of them are packed, or all are laid out.
  std::vector<tree::EntryPath> entries_;
  size_t packed_ = 0;
  size_t laid_out_ = 0;
  uint64_t members_ = 0;  // of all entries but the one that is being added
  uint64_t added_bytes_ = 0;
  struct Marks {
    Layout::Mark layout;
    LayoutPieces::Mark pieces;
  } marks_;  // before that one
  Call call_;
  std::optional<Error> failure_;

  SourceTimes times_;
  int64_t made_us_ = 0;
  uint64_t epoch_ = kFirstEpoch;
  Lsn begun_ = kNoLsn;
  uint64_t content_size_ = 0;   // everything before the footer
  bool content_known_ = false;  // content_digest_ and footer_ are valid
  Digest content_digest_{};
  FooterBlock footer_{};
  Sha256 sha_;
  std::optional<Digest> object_digest_;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_ENTRY_SOURCE_H
