#include "tar/entry_source.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/crc32c.h"
#include "base/stopwatch.h"
#include "format/object_name.h"
#include "tar/format.h"

namespace tidemark::tar {
namespace {

constexpr size_t kBufferMin = 64 << 10;  // room for the largest header and for re-reading
constexpr size_t kLayoutMax = 1u << 30;  // offsets of names are 32 bits wide
constexpr size_t kTailSize = kEndMarkSize + kFooterSize;

}  // namespace

EntrySource::EntrySource(SourceLimits limits)
    : buffer_bytes_(std::max(limits.buffer_bytes, kBufferMin)),
      most_members_(limits.members),
      buffer_(page_buffer(buffer_bytes_)),
      budget_{std::clamp(limits.layout_bytes, kLayoutBytesMin, kLayoutMax)},
      walker_(budget_, attributes_),
      packer_(attributes_),
      layout_(budget_),
      pieces_(budget_, walker_, layout_),
      stream_(layout_, pieces_, attributes_, budget_, {buffer_.get(), buffer_bytes_}) {}

Status EntrySource::begin(std::string_view storage, uint64_t partition, const Call& call, int64_t made_us,
                          uint64_t epoch, Lsn begun) {
  close();
  failure_.reset();
  if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
  storage_ = storage;
  partition_ = partition;
  made_us_ = made_us;
  epoch_ = epoch;
  begun_ = begun;
  call_ = call;
  times_ = {};
  packer_.begin(buffer_.get(), buffer_bytes_ - kTailSize);
  return {};
}

Result<bool> EntrySource::add(const tree::EntryPath& entry, uint64_t most_bytes) {
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
    added_bytes_ = size;
    return true;
  }
  const bool is_too_much = layout_.has_too_many_bytes() || walker_.has_too_many();
  take_back(packed_bytes, status);
  if (status || (is_too_much && !entries_.empty())) return false;
  return std::move(status.error());
}

// The entry added last. Those before it are as they were, unless they had to be laid out again and something
// has happened to one; then no archive comes of them.
void EntrySource::take_back(size_t packed_bytes, const Status& status) {
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

void EntrySource::allow_members(size_t entry) {
  walker_.set_most_members(entry + 1 == entries_.size() ? most_members_ - members_ : most_members_);
}

// Small archives are packed in one pass; one that outgrows the buffer is laid out, from its first entry on.
Status EntrySource::add_last(uint64_t* size_bytes) {
  if (packed_ + 1 == entries_.size()) {
    TM_ASSIGN(const auto packed, pack_last(size_bytes));
    if (packed) return {};
  }
  return lay_out_last(size_bytes);
}

// False if the buffer is too small, or the budget for the names of a directory.
Result<bool> EntrySource::pack_last(uint64_t* size_bytes) {
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

Status EntrySource::lay_out_last(uint64_t* size_bytes) {
  if (!stream_.reserve()) return fail_errno(errno, "cannot reserve memory for checksums");
  bool fits = false;
  if (!pieces_.is_on()) {
    budget_.refused = false;
    Status status = lay_out_whole();
    if (!status && !budget_.refused) return status;
    fits = status && stream_.choose_chunks(laid_out_size());
  }
  if (!fits) {
    TM_TRY(measure_pieces());
    if (!stream_.choose_chunks(laid_out_size())) {
      return fail(TIDEMARK_E_PERMANENT, std::string(entries_.back().path) + ": an archive of " +
                                            std::to_string(laid_out_size()) +
                                            " bytes is too large for the memory budget; raise it");
    }
  }
  *size_bytes = laid_out_size() + kFooterSize;
  return {};
}

Status EntrySource::lay_out_whole() {
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
Status EntrySource::measure_pieces() {
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

uint64_t EntrySource::laid_out_size() const {
  return (pieces_.is_on() ? pieces_.end_offset() : layout_.end()) + kEndMarkSize;
}

void EntrySource::seal() {
  assert(!entries_.empty());
  if (packed_ < entries_.size()) {
    seal_streamed();
  } else {
    seal_held();
  }
}

void EntrySource::seal_streamed() {
  mode_ = Mode::kStreamed;
  content_size_ = laid_out_size();
  stream_.choose_chunks(content_size_);
  walker_.set_most_members(UINT64_MAX);
  layout_.set_most_bytes(kMembersBytesMax);
  if (pieces_.is_on()) pieces_.seal(entries_, call_);
  stream_.begin(entries_, content_size_, call_);
}

void EntrySource::seal_held() {
  mode_ = Mode::kHeld;
  content_size_ = packer_.size() + kEndMarkSize;
  std::memset(buffer_.get() + packer_.size(), 0, kEndMarkSize);
  const Stopwatch hashing;
  sha_.reset();
  sha_.update(buffer_.get(), content_size_);
  const Result<Digest> digest = sha_.finish();  // what failed is reported by whoever wants to read
  times_.read += hashing.elapsed();
  if (digest) {
    make_footer(*digest);
    std::memcpy(buffer_.get() + content_size_, footer_.data(), footer_.size());
  } else {
    failed(digest);
  }
}

void EntrySource::make_footer(const Digest& digest) {
  content_digest_ = digest;
  footer_ = format_footer({.sha256 = digest,
                           .storage = storage_,
                           .partition = partition_,
                           .range = {entries_.front().lsn, entries_.back().lsn},
                           .epoch = epoch_,
                           .made_us = made_us_,
                           .begun = begun_});
  content_known_ = true;
}

Status EntrySource::open(std::string_view storage, uint64_t partition,
                         std::span<const tree::EntryPath> entries, const Call& call) {
  if (Status status = begin(storage, partition, call); !status) return failed(status);
  if (entries.empty())
    return failed(Status(fail(TIDEMARK_E_INVALID, "an archive of no entries was asked for")));
  for (const tree::EntryPath& entry : entries) {
    if (const auto added = add(entry, UINT64_MAX); !added) return failed(added);
  }
  seal();
  return {};
}

void EntrySource::close() {
  stream_.close();
  pieces_.end();
  layout_.trim();
  walker_.trim();
  mode_ = Mode::kClosed;
  entries_.clear();
  packed_ = laid_out_ = 0;
  members_ = 0;
  added_bytes_ = 0;
  content_size_ = 0;
  content_known_ = false;
  object_digest_.reset();
}

Status EntrySource::not_cancelled() const { return tree::check_call(call_, entries_[0].path); }

Result<size_t> EntrySource::read(uint64_t offset, void* buffer, size_t size) {
  return kept([&] { return read_any(offset, static_cast<uint8_t*>(buffer), size); });
}

Result<size_t> EntrySource::read_any(uint64_t offset, uint8_t* out, size_t size) {
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

// At least one byte.
Result<size_t> EntrySource::read_streamed(uint64_t offset, uint8_t* out, size_t size) {
  if (offset < content_size_) return stream_.read(offset, out, size);
  TM_TRY(not_cancelled());
  TM_TRY(digest_streamed());
  std::memcpy(out, footer_.data() + (offset - content_size_), size);
  return size;
}

Status EntrySource::digest_streamed() {
  if (content_known_) return {};
  TM_TRY(stream_.digest_up_to(content_size_));
  make_footer(stream_.digest());
  return {};
}

Status EntrySource::digest_content() {
  if (mode_ == Mode::kClosed) return fail(TIDEMARK_E_INVALID, "the entry source is not open");
  if (failure_) return *failure_;
  if (content_known_) return {};
  const Stopwatch reading;
  if (Status status = digest_streamed(); !status) return failed(status);
  times_.read += reading.elapsed();
  return {};
}

Result<Digest> EntrySource::content_digest() {
  return kept([&]() -> Result<Digest> {
    TM_TRY(digest_content());
    return content_digest_;
  });
}

Result<Digest> EntrySource::object_digest() {
  return kept([&]() -> Result<Digest> {
    TM_TRY(digest_content());
    if (object_digest_) return *object_digest_;
    if (mode_ == Mode::kHeld) {
      sha_.reset();
      sha_.update(buffer_.get(), content_size_);
    } else {
      sha_.copy_from(stream_.whole());
    }
    sha_.update(footer_.data(), footer_.size());
    const Result<Digest> digest = sha_.finish();
    if (!digest) return failed(digest);
    object_digest_ = *digest;
    return *digest;
  });
}

Result<uint32_t> EntrySource::object_crc32c() {
  return kept([&]() -> Result<uint32_t> {
    TM_TRY(digest_content());
    if (mode_ == Mode::kHeld) return extend_crc32c(0, buffer_.get(), size_bytes());
    return extend_crc32c(stream_.crc32c(), footer_.data(), footer_.size());
  });
}

}  // namespace tidemark::tar
