#include "tar/entry_source.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/guard.h"
#include "base/sha256.h"
#include "base/stopwatch.h"
#include "format/object_name.h"
#include "tar/attributes.h"
#include "tar/format.h"
#include "tar/layout.h"
#include "tar/layout_pieces.h"
#include "tar/packer.h"
#include "tar/stream.h"
#include "tar/walker.h"

namespace tidemark::tar {
namespace {

constexpr size_t kStepBytes = 256 << 10;  // read, hashed and known again at once, while it is in the cache
constexpr size_t kBufferMin = 64 << 10;   // room for the largest header and for re-reading
constexpr size_t kLayoutMax = 1u << 30;   // offsets of names are 32 bits wide
constexpr size_t kTailSize = kEndMarkSize + kFooterSize;

struct Free {
  void operator()(uint8_t* buffer) const { std::free(buffer); }
};
using PageBuffer = std::unique_ptr<uint8_t, Free>;

PageBuffer page_aligned(size_t size) {
  constexpr size_t kPageBytes = 4096;
  const size_t rounded = (size + kPageBytes - 1) / kPageBytes * kPageBytes;
  PageBuffer buffer(static_cast<uint8_t*>(std::aligned_alloc(kPageBytes, rounded)));
  if (buffer == nullptr) throw std::bad_alloc();
  return buffer;
}

}  // namespace

class EntrySource::Impl {
 public:
  explicit Impl(SourceLimits limits);

  Status begin(std::string_view storage, uint64_t partition, const Call& call);
  Result<bool> add(const EntryPath& entry, uint64_t most_bytes);
  void seal();
  Status open(std::string_view storage, uint64_t partition, std::span<const EntryPath> entries,
              const Call& call);
  void close();
  uint64_t size_bytes() const { return mode_ == Mode::kClosed ? 0 : content_size_ + kFooterSize; }
  const uint8_t* data() const { return mode_ == Mode::kHeld && !failure_ ? buffer_.get() : nullptr; }
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size);
  Result<Digest> content_digest();
  Result<Digest> object_digest();
  Result<uint32_t> object_crc32c();
  const std::optional<Error>& failure() const { return failure_; }
  const SourceTimes& times() const { return times_; }
  AttributeWatch& attributes() { return attributes_; }

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
  uint64_t content_size() const {
    return (pieces_.is_on() ? pieces_.end_offset() : layout_.end()) + kEndMarkSize;
  }
  bool choose_chunks(uint64_t content);
  Status finish_content();
  Result<size_t> read_streamed(uint64_t offset, uint8_t* out, size_t size);
  Status hash_up_to(uint64_t end);
  Status read_first_time(uint8_t* out, size_t size);
  void add_to_chunks(const uint8_t* data, size_t size);
  Result<size_t> read_again(uint64_t offset, uint8_t* out, size_t size);
  Status read_chunk(uint64_t chunk, uint8_t* out, size_t size);
  Status not_cancelled() const;
  template <typename T>
  Error failed(const T& result) {
    if (!failure_) failure_ = result.error();
    return result.error();
  }

  const size_t buffer_bytes_;
  const uint64_t most_members_;
  // Begins on a page: where a sink writes it to a file the kernel copies it four times as fast.
  PageBuffer buffer_;
  ByteBudget budget_;
  AttributeWatch attributes_;
  TreeWalker walker_;
  Packer packer_;
  Layout layout_;
  LayoutPieces pieces_;  // on when the layout cannot be held whole
  LayoutStream stream_;
  Sha256 sha_;

  Mode mode_ = Mode::kClosed;
  std::string storage_;
  uint64_t partition_ = 0;
  // Either all of them are packed, or all are laid out.
  std::vector<EntryPath> entries_;
  size_t packed_ = 0;
  size_t laid_out_ = 0;
  uint64_t members_ = 0;  // of all entries but the one that is being added
  struct Marks {
    Layout::Mark layout;
    LayoutPieces::Mark pieces;
  } marks_;  // before that one
  Call call_;
  std::optional<Error> failure_;

  SourceTimes times_;
  uint64_t content_size_ = 0;   // everything before the footer
  bool content_known_ = false;  // content_digest_ and footer_ are valid
  Digest content_digest_{};
  FooterBlock footer_{};
  std::optional<Digest> object_digest_;

  // Streamed only. Bytes up to hashed_ were read once, in order, and have the checksum crc_; chunks_ holds
  // what it was at the end of each full chunk among them.
  uint64_t hashed_ = 0;
  size_t chunk_bytes_ = kStepBytes;
  Sha256 object_sha_;
  uint32_t crc_ = 0;
  ReservedArray<uint32_t> chunks_;
  uint64_t loaded_begin_ = 0;  // bytes in buffer_ that were read again and found the same
  uint64_t loaded_end_ = 0;
};

EntrySource::Impl::Impl(SourceLimits limits)
    : buffer_bytes_(std::max(limits.buffer_bytes, kBufferMin)),
      most_members_(limits.members),
      buffer_(page_aligned(buffer_bytes_)),
      budget_{std::clamp(limits.layout_bytes, kLayoutBytesMin, kLayoutMax)},
      walker_(budget_, attributes_),
      packer_(attributes_),
      layout_(budget_),
      pieces_(budget_, walker_, layout_),
      stream_(layout_, pieces_, attributes_),
      chunks_(budget_) {}

Status EntrySource::Impl::begin(std::string_view storage, uint64_t partition, const Call& call) {
  close();
  failure_.reset();
  if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
  storage_ = storage;
  partition_ = partition;
  call_ = call;
  times_ = {};
  packer_.begin(buffer_.get(), buffer_bytes_ - kTailSize);
  return {};
}

Result<bool> EntrySource::Impl::add(const EntryPath& entry, uint64_t most_bytes) {
  const Lsn before = entries_.empty() ? kNoLsn : entries_.back().lsn;
  if (entry.lsn == kNoLsn || (before != kNoLsn && entry.lsn != before + 1)) {
    return fail(TIDEMARK_E_INVALID,
                "entry " + std::to_string(entry.lsn) + " does not follow " + std::to_string(before));
  }
  const size_t packed_bytes = packer_.size();
  marks_ = {layout_.mark(), pieces_.mark()};
  entries_.push_back(entry);
  layout_.set_most_bytes(entries_.size() == 1 || most_bytes > kMembersBytesMax ? kMembersBytesMax
                         : most_bytes < kTailSize                              ? 0
                                                                               : most_bytes - kTailSize);
  const Stopwatch adding;
  const auto read_before = packer_.read_time();
  uint64_t size = 0;
  Status status = add_last(&size);
  const auto read = packer_.read_time() - read_before;
  times_.read += read;
  times_.stat += adding.elapsed() - read;
  if (status && (entries_.size() == 1 || size <= most_bytes)) {
    members_ += walker_.members();
    return true;
  }
  const bool is_too_much = layout_.has_too_many_bytes() || walker_.has_too_many();
  take_back(packed_bytes, status);
  if (status || (is_too_much && !entries_.empty())) return false;
  return std::move(status.error());
}

// The entry added last. Those before it are as they were, unless they had to be laid out anew and something
// has happened to one; then no archive comes of them.
void EntrySource::Impl::take_back(size_t packed_bytes, const Status& status) {
  entries_.pop_back();
  packed_ = std::min(packed_, entries_.size());
  if (packed_ == entries_.size()) {
    packer_.rewind(packed_bytes);
    pieces_.end();
    laid_out_ = 0;
    return;
  }
  if (laid_out_ < entries_.size()) failure_ = status.error();
  laid_out_ = std::min(laid_out_, entries_.size());
  if (pieces_.is_on()) {
    pieces_.rewind(marks_.pieces);
  } else {
    layout_.rewind(marks_.layout);
  }
}

void EntrySource::Impl::allow_members(size_t entry) {
  walker_.set_most_members(entry + 1 == entries_.size() ? most_members_ - members_ : most_members_);
}

// Small archives are packed in one pass; one that outgrows the buffer is laid out, from its first entry on.
Status EntrySource::Impl::add_last(uint64_t* size_bytes) {
  if (packed_ + 1 == entries_.size()) {
    TM_ASSIGN(const auto packed, pack_last(size_bytes));
    if (packed) return {};
  }
  return lay_out_last(size_bytes);
}

// False if the buffer is too small, or the budget for the names of a directory.
Result<bool> EntrySource::Impl::pack_last(uint64_t* size_bytes) {
  TM_TRY(not_cancelled());
  allow_members(entries_.size() - 1);
  budget_.refused = false;
  if (Status status = walker_.walk(entries_.back(), packer_, call_); !status) {
    if (packer_.overflowed() || budget_.refused) return false;
    return std::move(status.error());
  }
  ++packed_;
  *size_bytes = packer_.size() + kTailSize;
  return true;
}

Status EntrySource::Impl::lay_out_last(uint64_t* size_bytes) {
  if (!chunks_.reserve()) return fail_errno(errno, "cannot reserve memory for checksums");
  bool fits = false;
  if (!pieces_.is_on()) {
    budget_.refused = false;
    Status status = lay_out_whole();
    if (!status && !budget_.refused) return status;
    fits = status && choose_chunks(content_size());
  }
  if (!fits) {
    TM_TRY(measure_pieces());
    if (!choose_chunks(content_size())) {
      return fail(TIDEMARK_E_PERMANENT, std::string(entries_.back().path) + ": an archive of " +
                                            std::to_string(content_size()) +
                                            " bytes is too large for the memory budget; raise it");
    }
  }
  *size_bytes = content_size() + kFooterSize;
  return {};
}

Status EntrySource::Impl::lay_out_whole() {
  if (laid_out_ == 0) {
    TM_TRY(layout_.begin());
  }
  for (; laid_out_ < entries_.size(); ++laid_out_) {
    TM_TRY(not_cancelled());
    if (laid_out_ + 1 == entries_.size()) marks_.layout = layout_.mark();
    layout_.begin_entry(static_cast<uint32_t>(laid_out_));
    allow_members(laid_out_);
    TM_TRY(walker_.walk(entries_[laid_out_], layout_, call_));
  }
  return {};
}

// From the first entry on, if it is the first time.
Status EntrySource::Impl::measure_pieces() {
  if (!pieces_.is_on()) {
    laid_out_ = 0;
    TM_TRY(pieces_.begin());
  }
  for (; laid_out_ < entries_.size(); ++laid_out_) {
    TM_TRY(not_cancelled());
    if (laid_out_ + 1 == entries_.size()) marks_.pieces = pieces_.mark();
    allow_members(laid_out_);
    TM_TRY(pieces_.measure({entries_.data(), laid_out_ + 1}, call_));
  }
  return {};
}

// Small chunks are read again at less cost; larger ones take less memory. False: even the largest take too
// much.
bool EntrySource::Impl::choose_chunks(uint64_t content) {
  const uint64_t room = pieces_.is_on() ? pieces_.checksum_bytes() : budget_.limit - budget_.used;
  const uint64_t most = room / sizeof(uint32_t);
  chunk_bytes_ = std::min(buffer_bytes_, kStepBytes);
  while (content / chunk_bytes_ > most && 2 * chunk_bytes_ <= buffer_bytes_) chunk_bytes_ *= 2;
  return content / chunk_bytes_ <= most;
}

void EntrySource::Impl::seal() {
  assert(!entries_.empty());
  sha_.reset();
  if (packed_ < entries_.size()) {
    mode_ = Mode::kStreamed;
    content_size_ = content_size();
    choose_chunks(content_size_);
    walker_.set_most_members(UINT64_MAX);
    layout_.set_most_bytes(kMembersBytesMax);
    if (pieces_.is_on()) pieces_.seal(entries_, call_);
    stream_.begin(entries_);
    crc_ = 0;
    return;
  }
  mode_ = Mode::kHeld;
  content_size_ = packer_.size() + kEndMarkSize;
  std::memset(buffer_.get() + packer_.size(), 0, kEndMarkSize);
  const Stopwatch hashing;
  sha_.update(buffer_.get(), content_size_);
  const Status digested = finish_content();  // what failed is told by whoever wants to read
  times_.read += hashing.elapsed();
  if (!digested) failed(digested);
  std::memcpy(buffer_.get() + content_size_, footer_.data(), footer_.size());
}

Status EntrySource::Impl::open(std::string_view storage, uint64_t partition,
                               std::span<const EntryPath> entries, const Call& call) {
  if (Status status = begin(storage, partition, call); !status) return failed(status);
  if (entries.empty())
    return failed(Status(fail(TIDEMARK_E_INVALID, "an archive of no entries was asked for")));
  for (const EntryPath& entry : entries) {
    if (const auto added = add(entry, UINT64_MAX); !added) return failed(added);
  }
  seal();
  return {};
}

void EntrySource::Impl::close() {
  if (mode_ == Mode::kStreamed) stream_.close();
  pieces_.end();
  layout_.trim();
  chunks_.trim();
  walker_.trim();
  mode_ = Mode::kClosed;
  entries_.clear();
  packed_ = laid_out_ = 0;
  members_ = 0;
  content_size_ = 0;
  content_known_ = false;
  object_digest_.reset();
  hashed_ = 0;
  loaded_begin_ = loaded_end_ = 0;
}

Status EntrySource::Impl::finish_content() {
  TM_ASSIGN(const Digest digest, sha_.finish());
  content_digest_ = digest;
  footer_ = format_footer(digest, storage_, partition_, {entries_.front().lsn, entries_.back().lsn});
  content_known_ = true;
  return {};
}

Status EntrySource::Impl::not_cancelled() const {
  Status status = call_.check();
  if (!status) status.error().message = std::string(entries_[0].path) + ": " + status.error().message;
  return status;
}

Result<size_t> EntrySource::Impl::read(uint64_t offset, uint8_t* out, size_t size) {
  if (mode_ == Mode::kClosed) return fail(TIDEMARK_E_INVALID, "the entry source is not open");
  if (failure_) return *failure_;
  if (offset >= size_bytes()) return size_t{0};
  size = std::min<uint64_t>(size, size_bytes() - offset);
  if (mode_ == Mode::kHeld) {
    std::memcpy(out, buffer_.get() + offset, size);
    return size;
  }
  const Stopwatch reading;
  for (size_t done = 0; done < size;) {
    const auto count = read_streamed(offset + done, out + done, size - done);
    if (!count) return failed(count);
    done += *count;
  }
  times_.read += reading.elapsed();
  return size;
}

// At least one byte, at most one step.
Result<size_t> EntrySource::Impl::read_streamed(uint64_t offset, uint8_t* out, size_t size) {
  TM_TRY(not_cancelled());
  if (offset < hashed_) return read_again(offset, out, std::min<uint64_t>(size, hashed_ - offset));
  TM_TRY(hash_up_to(std::min(offset, content_size_)));
  if (offset >= content_size_) {
    std::memcpy(out, footer_.data() + (offset - content_size_), size);
    return size;
  }
  size = std::min<uint64_t>({size, kStepBytes, content_size_ - offset});
  TM_TRY(read_first_time(out, size));
  return size;
}

Status EntrySource::Impl::hash_up_to(uint64_t end) {
  while (hashed_ < end) {
    TM_TRY(not_cancelled());
    loaded_begin_ = loaded_end_ = 0;
    const size_t size = std::min<uint64_t>({end - hashed_, kStepBytes, buffer_bytes_});
    TM_TRY(read_first_time(buffer_.get(), size));
  }
  return {};
}

// The next bytes in order.
Status EntrySource::Impl::read_first_time(uint8_t* out, size_t size) {
  TM_TRY(stream_.read(hashed_, out, size));
  sha_.update(out, size);
  add_to_chunks(out, size);
  if (hashed_ == content_size_) {
    if (pieces_.is_on()) {
      TM_TRY(pieces_.check_end());
    }
    object_sha_.copy_from(sha_);
    return finish_content();
  }
  return {};
}

void EntrySource::Impl::add_to_chunks(const uint8_t* data, size_t size) {
  while (size > 0) {
    const size_t count = std::min<uint64_t>(size, chunk_bytes_ - hashed_ % chunk_bytes_);
    crc_ = extend_crc32c(crc_, data, count);
    hashed_ += count;
    data += count;
    size -= count;
    if (hashed_ % chunk_bytes_ == 0) {
      const bool pushed = chunks_.push(crc_);
      assert(pushed);  // choose_chunks() has seen to the room
      static_cast<void>(pushed);
    }
  }
}

// A whole chunk goes straight to the caller, a part of one by way of the buffer.
Result<size_t> EntrySource::Impl::read_again(uint64_t offset, uint8_t* out, size_t size) {
  const uint64_t chunk = offset / chunk_bytes_;
  const uint64_t begin = chunk * chunk_bytes_;
  const size_t held = std::min<uint64_t>(chunk_bytes_, hashed_ - begin);
  if (offset == begin && size >= held) {
    TM_TRY(read_chunk(chunk, out, held));
    return held;
  }
  if (offset < loaded_begin_ || offset >= loaded_end_) {
    loaded_begin_ = loaded_end_ = 0;
    TM_TRY(read_chunk(chunk, buffer_.get(), held));
    loaded_begin_ = begin;
    loaded_end_ = begin + held;
  }
  size = std::min<uint64_t>(size, loaded_end_ - offset);
  std::memcpy(out, buffer_.get() + (offset - loaded_begin_), size);
  return size;
}

Status EntrySource::Impl::read_chunk(uint64_t chunk, uint8_t* out, size_t size) {
  TM_TRY(stream_.read(chunk * chunk_bytes_, out, size));
  const uint32_t before = chunk == 0 ? 0 : chunks_[chunk - 1];
  const uint32_t expected = chunk < chunks_.size() ? chunks_[chunk] : crc_;
  if (extend_crc32c(before, out, size) == expected) return {};
  return fail(TIDEMARK_E_CORRUPT, std::string(entries_[0].path) +
                                      ": a file of the entry changed between two readings; an entry must "
                                      "stay as it is until it is released");
}

Result<Digest> EntrySource::Impl::content_digest() {
  if (mode_ == Mode::kClosed) return fail(TIDEMARK_E_INVALID, "the entry source is not open");
  if (failure_) return *failure_;
  if (mode_ == Mode::kStreamed && hashed_ < content_size_) {
    const Stopwatch reading;
    if (Status status = hash_up_to(content_size_); !status) return failed(status);
    times_.read += reading.elapsed();
  }
  return content_digest_;
}

Result<Digest> EntrySource::Impl::object_digest() {
  TM_TRY(content_digest());
  if (!object_digest_) {
    if (mode_ == Mode::kHeld) {
      object_sha_.reset();
      object_sha_.update(buffer_.get(), content_size_);
    }
    object_sha_.update(footer_.data(), footer_.size());
    const Result<Digest> digest = object_sha_.finish();
    if (!digest) return failed(digest);
    object_digest_ = *digest;
  }
  return *object_digest_;
}

Result<uint32_t> EntrySource::Impl::object_crc32c() {
  TM_TRY(content_digest());
  if (mode_ == Mode::kHeld) return extend_crc32c(0, buffer_.get(), size_bytes());
  return extend_crc32c(crc_, footer_.data(), footer_.size());
}

EntrySource::EntrySource(SourceLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
EntrySource::~EntrySource() = default;

Status EntrySource::begin(std::string_view storage, uint64_t partition, const Call& call) {
  return impl_->begin(storage, partition, call);
}
Result<bool> EntrySource::add(const EntryPath& entry, uint64_t most_bytes) {
  return impl_->add(entry, most_bytes);
}
void EntrySource::seal() { impl_->seal(); }
Status EntrySource::open(std::string_view storage, uint64_t partition, std::span<const EntryPath> entries,
                         const Call& call) {
  return impl_->open(storage, partition, entries, call);
}
uint64_t EntrySource::size_bytes() const { return impl_->size_bytes(); }
const uint8_t* EntrySource::data() const { return impl_->data(); }
Result<size_t> EntrySource::read(uint64_t offset, void* buffer, size_t size) {
  return impl_->kept([&] { return impl_->read(offset, static_cast<uint8_t*>(buffer), size); });
}
Result<Digest> EntrySource::content_digest() {
  return impl_->kept([&] { return impl_->content_digest(); });
}
Result<Digest> EntrySource::object_digest() {
  return impl_->kept([&] { return impl_->object_digest(); });
}
Result<uint32_t> EntrySource::object_crc32c() {
  return impl_->kept([&] { return impl_->object_crc32c(); });
}
const std::optional<Error>& EntrySource::failure() const { return impl_->failure(); }
const SourceTimes& EntrySource::times() const { return impl_->times(); }
const std::string& EntrySource::attributes_found() const { return impl_->attributes().found(); }
void EntrySource::forget_attributes() { impl_->attributes().forget(); }
void EntrySource::close() { impl_->close(); }

}  // namespace tidemark::tar
