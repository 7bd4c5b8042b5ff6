#include "http/body.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tidemark::sinks {

Body::Body(const Source& source, uint64_t begin, uint64_t size_bytes, BufferPool* pieces)
    : size_bytes_(size_bytes) {
  assert(begin + size_bytes <= source.size_bytes());  // a window of it
  if (source.data() != nullptr) {
    memory_ = {reinterpret_cast<const char*>(source.data()) + begin, size_bytes};
    return;
  }
  source_ = &source;
  begin_ = begin;
  pieces_ = pieces;
}

Status Body::read(char* buffer, size_t capacity, size_t* size) {
  *size = 0;
  const size_t wanted = std::min<uint64_t>(capacity, size_bytes_ - position_);
  if (source_ == nullptr) {
    if (wanted > 0) std::memcpy(buffer, memory_.data() + position_, wanted);
    *size = wanted;
  } else if (wanted > 0) {
    const Status ok =
        pieces_ != nullptr ? read_piece(buffer, wanted, size) : read_source(buffer, wanted, size);
    if (!ok) {
      failure_ = ok.error();
      return ok;
    }
  }
  if (md5_) digest(buffer, *size);
  position_ += *size;
  return {};
}

void Body::rewind(uint64_t offset) {
  position_ = std::min(offset, size_bytes_);
  if (md5_ && position_ == 0 && digested_bytes_ > 0) digest_as_sent();
}

void Body::digest_as_sent() {
  md5_.emplace(Digests::Wanted{.sha256 = false, .crc32c = false, .md5 = true});
  digested_bytes_ = 0;
}

// After a rewind into the middle only what is new.
void Body::digest(const char* data, size_t size) {
  if (position_ > digested_bytes_ || position_ + size <= digested_bytes_) return;
  const size_t known = digested_bytes_ - position_;
  md5_->update(data + known, size - known);
  digested_bytes_ = position_ + size;
}

Result<std::string> Body::md5_base64() {
  if (!md5_) digest_as_sent();
  if (source_ == nullptr) {
    md5_->update(memory_.data() + digested_bytes_, size_bytes_ - digested_bytes_);
    digested_bytes_ = size_bytes_;
  } else if (digested_bytes_ < size_bytes_) {
    char buffer[16 * 1024];
    rewind(digested_bytes_);
    for (size_t size = 1; size > 0;) {
      TM_TRY(read(buffer, sizeof buffer, &size));
    }
  }
  Result<std::string> text = md5_->md5_base64();
  md5_.reset();
  return text;
}

Status Body::read_source(char* buffer, size_t capacity, size_t* size) {
  TM_TRY(source_->read(begin_ + position_, buffer, capacity, size));
  return begin_ + position_ + *size == source_->size_bytes() ? confirm_end() : Status();
}

Status Body::read_piece(char* buffer, size_t capacity, size_t* size) {
  if (!piece_) {
    piece_.emplace(*pieces_);
    piece_begin_ = piece_end_ = 0;
  }
  if (position_ < piece_begin_ || position_ >= piece_end_) {
    constexpr uint64_t kPiece = BufferPool::kBufferSize;
    piece_begin_ = piece_end_ = position_ / kPiece * kPiece;
    const uint64_t end = std::min(piece_begin_ + kPiece, size_bytes_);
    while (piece_end_ < end) {
      size_t count = 0;
      if (Status ok = source_->read(begin_ + piece_end_, piece_->data() + (piece_end_ - piece_begin_),
                                    end - piece_end_, &count);
          !ok) {
        piece_end_ = piece_begin_;
        return ok;
      }
      piece_end_ += count;
    }
    if (begin_ + end == source_->size_bytes()) {
      TM_TRY(confirm_end());
    }
  }
  assert(position_ >= piece_begin_ && position_ < piece_end_);
  *size = std::min<uint64_t>(capacity, piece_end_ - position_);
  std::memcpy(buffer, piece_->data() + (position_ - piece_begin_), *size);
  return {};
}

Status Body::confirm_end() const {
  char after_end = 0;
  size_t size = 0;
  return source_->read(source_->size_bytes(), &after_end, 1, &size);
}

}  // namespace tidemark::sinks
