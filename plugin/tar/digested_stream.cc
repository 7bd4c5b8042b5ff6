#include "tar/digested_stream.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>

#include "base/crc32c.h"
#include "tree/walker.h"

namespace tidemark::tar {

DigestedStream::DigestedStream(const Layout& layout, LayoutPieces& pieces, tree::AttributeWatch& attributes,
                               tree::ByteBudget& budget, std::span<uint8_t> buffer)
    : stream_(layout, pieces, attributes),
      pieces_(pieces),
      budget_(budget),
      buffer_(buffer),
      checksums_(budget) {}

bool DigestedStream::choose_chunks(uint64_t size_bytes) {
  const uint64_t room = pieces_.is_on() ? pieces_.checksum_bytes() : budget_.limit - budget_.used;
  const uint64_t most = room / sizeof(uint32_t);
  chunk_bytes_ = std::min(buffer_.size(), kStepBytes);
  while (size_bytes / chunk_bytes_ > most && 2 * chunk_bytes_ <= buffer_.size()) chunk_bytes_ *= 2;
  return size_bytes / chunk_bytes_ <= most;
}

void DigestedStream::begin(std::span<const tree::EntryPath> entries, uint64_t size_bytes, const Call& call) {
  stream_.begin(entries);
  entries_ = entries;
  size_bytes_ = size_bytes;
  call_ = call;
  digested_ = 0;
  crc_ = 0;
  loaded_begin_ = loaded_end_ = 0;
  sha_.reset();
}

void DigestedStream::close() {
  stream_.close();
  checksums_.trim();
  entries_ = {};
}

Result<size_t> DigestedStream::read(uint64_t offset, uint8_t* out, size_t size) {
  TM_TRY(tree::check_call(call_, entries_[0].path));
  if (offset < digested_) return read_again(offset, out, std::min<uint64_t>(size, digested_ - offset));
  TM_TRY(digest_up_to(offset));
  size = std::min<uint64_t>({size, kStepBytes, size_bytes_ - offset});
  TM_TRY(read_first_time(out, size));
  return size;
}

Status DigestedStream::digest_up_to(uint64_t end) {
  while (digested_ < end) {
    TM_TRY(tree::check_call(call_, entries_[0].path));
    loaded_begin_ = loaded_end_ = 0;
    const size_t size = std::min<uint64_t>({end - digested_, kStepBytes, buffer_.size()});
    TM_TRY(read_first_time(buffer_.data(), size));
  }
  return {};
}

// The next bytes in order.
Status DigestedStream::read_first_time(uint8_t* out, size_t size) {
  TM_TRY(stream_.read(digested_, out, size));
  sha_.update(out, size);
  add_to_checksums(out, size);
  return digested_ == size_bytes_ ? finish() : Status();
}

Status DigestedStream::finish() {
  if (pieces_.is_on()) {
    TM_TRY(pieces_.check_end());
  }
  whole_.copy_from(sha_);
  TM_ASSIGN(digest_, sha_.finish());
  return {};
}

void DigestedStream::add_to_checksums(const uint8_t* data, size_t size) {
  while (size > 0) {
    const size_t count = std::min<uint64_t>(size, chunk_bytes_ - digested_ % chunk_bytes_);
    crc_ = extend_crc32c(crc_, data, count);
    digested_ += count;
    data += count;
    size -= count;
    if (digested_ % chunk_bytes_ == 0) {
      const bool pushed = checksums_.push(crc_);
      assert(pushed);  // choose_chunks() has seen to the room
      static_cast<void>(pushed);
    }
  }
}

// A whole chunk goes straight to the caller, a part of one by way of the buffer.
Result<size_t> DigestedStream::read_again(uint64_t offset, uint8_t* out, size_t size) {
  const uint64_t chunk = offset / chunk_bytes_;
  const uint64_t begin = chunk * chunk_bytes_;
  const size_t held = std::min<uint64_t>(chunk_bytes_, digested_ - begin);
  if (offset == begin && size >= held) {
    TM_TRY(read_chunk(chunk, out, held));
    return held;
  }
  if (offset < loaded_begin_ || offset >= loaded_end_) {
    loaded_begin_ = loaded_end_ = 0;
    TM_TRY(read_chunk(chunk, buffer_.data(), held));
    loaded_begin_ = begin;
    loaded_end_ = begin + held;
  }
  size = std::min<uint64_t>(size, loaded_end_ - offset);
  std::memcpy(out, buffer_.data() + (offset - loaded_begin_), size);
  return size;
}

Status DigestedStream::read_chunk(uint64_t chunk, uint8_t* out, size_t size) {
  TM_TRY(stream_.read(chunk * chunk_bytes_, out, size));
  const uint32_t before = chunk == 0 ? 0 : checksums_[chunk - 1];
  const uint32_t expected = chunk < checksums_.size() ? checksums_[chunk] : crc_;
  if (extend_crc32c(before, out, size) == expected) return {};
  return fail(TIDEMARK_E_CORRUPT, std::string(entries_[0].path) +
                                      ": a file of the entry changed between two readings; an entry must "
                                      "stay as it is until it is released");
}

}  // namespace tidemark::tar
