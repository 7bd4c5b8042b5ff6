#include "store/proven_body.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>

#include "base/crc32c.h"
#include "codec/tag.h"
#include "store/read_archive.h"

namespace tidemark::store {
namespace {

constexpr uint64_t kProvenPiecesMax = uint64_t{1} << 22;  // 16 MiB of checksums

// What is coded is proven as it is stored: a copy needs no key. Who gives all keys wants to know who wrote
// it.
tar::ContentVisitor* looks_into(const ParsedKey& parsed, const codec::Keys& keys,
                                tar::ContentVisitor& visitor) {
  const bool decrypts = encrypts(parsed.name.coding) && !keys.identities.empty() && !keys.tag_keys.empty();
  return parsed.name.coding == Coding::kNone || decrypts ? &visitor : nullptr;
}

}  // namespace

ProvenBody::ProvenBody(sink::Sink& from, std::string_view key, const ParsedKey& parsed, uint64_t size_bytes,
                       const codec::Keys& keys, const Progress& progress, const Call& deadline)
    : from_(from),
      key_(key),
      size_bytes_(size_bytes),
      keys_(keys),
      progress_(progress),
      deadline_(deadline),
      proof_(parsed, keys, looks_into(parsed, keys, nothing_), asks_footer(from, key, deadline)) {
  proof_.accept_sealed();
  source_.size_bytes = size_bytes;
}

Status ProvenBody::prepare(uint64_t buffer_bytes, const sink::Sink& to) {
  if (size_bytes_ <= buffer_bytes) {
    whole_ = page_buffer(size_bytes_);
    TM_TRY(read_at_once(to.wants_crc32c()));
    source_.data = whole_.get();
  } else {
    pieces_.begin(size_bytes_, buffer_bytes, kProvenPiecesMax);
    piece_bytes_ = pieces_.piece_bytes();
    if (to.wants_sha256()) TM_TRY(read_up_to((size_bytes_ - 1) / piece_bytes_));
  }
  if (footer_ && to.wants_sha256()) source_.sha256 = sha256_.data();
  if (footer_ && to.wants_crc32c()) source_.crc32c = &crc32c_;
  return {};
}

void ProvenBody::report(uint64_t read_bytes) {
  if (progress_) progress_(read_bytes);
}

Status ProvenBody::finish() {
  auto footer = proof_.finish(&sha256_);
  if (!footer) return about(key_, std::move(footer.error()));
  Status ours = codec::check_tag_key(keys_.tag_keys, *footer);
  if (!ours) return about(key_, std::move(ours.error()));
  footer_ = std::move(*footer);
  return {};
}

Status ProvenBody::read_at_once(bool wants_crc32c) {
  uint64_t filled = 0;
  TM_TRY(stream(from_, key_, 0, UINT64_MAX, deadline_, [&](std::span<const uint8_t> piece) -> Status {
    if (piece.size() > size_bytes_ - filled) {
      return fail(TIDEMARK_E_CORRUPT, std::string(key_) + ": the object is longer than the " +
                                          std::to_string(size_bytes_) + " bytes that the sink lists");
    }
    std::memcpy(whole_.get() + filled, piece.data(), piece.size());
    if (wants_crc32c) crc32c_ = extend_crc32c(crc32c_, piece.data(), piece.size());
    filled += piece.size();
    TM_TRY(proof_.push(piece));
    report(filled);
    return {};
  }));
  TM_TRY(finish());
  if (filled == size_bytes_) return {};
  return fail(TIDEMARK_E_CORRUPT, std::string(key_) + ": the object has " + std::to_string(filled) +
                                      " bytes, and the sink lists " + std::to_string(size_bytes_));
}

uint64_t ProvenBody::bytes_of(uint64_t number) const {
  return std::min(piece_bytes_, size_bytes_ - number * piece_bytes_);
}

// A piece as the source has it now, which is to be kept if it is right.
Result<const uint8_t*> ProvenBody::fetch(uint64_t number) {
  uint8_t* const room = pieces_.make_room();
  const uint64_t size = bytes_of(number);
  const bool is_last = (number + 1) * piece_bytes_ >= size_bytes_;
  uint64_t filled = 0;
  // Of the last piece all that follows, which has to be nothing.
  Status read = stream(from_, key_, static_cast<int64_t>(number * piece_bytes_), is_last ? UINT64_MAX : size,
                       deadline_, [&](std::span<const uint8_t> bytes) -> Status {
                         if (bytes.size() > size - filled) {
                           return fail(TIDEMARK_E_CORRUPT,
                                       std::string(key_) + ": the object is longer than the " +
                                           std::to_string(size_bytes_) + " bytes that the sink lists");
                         }
                         std::memcpy(room + filled, bytes.data(), bytes.size());
                         filled += bytes.size();
                         return {};
                       });
  if (!read) return std::move(read.error());
  if (filled < size) {
    return fail(TIDEMARK_E_CORRUPT, std::string(key_) + ": the object ends after " +
                                        std::to_string(number * piece_bytes_ + filled) +
                                        " bytes, and the sink lists " + std::to_string(size_bytes_));
  }
  return room;
}

// For the first time, in order.
Status ProvenBody::read_up_to(uint64_t number) {
  while (checksums_.size() <= number) {
    const uint64_t next = checksums_.size();
    TM_ASSIGN(const uint8_t* const piece, fetch(next));
    const std::span<const uint8_t> bytes(piece, bytes_of(next));
    TM_TRY(proof_.push(bytes));
    if ((next + 1) * piece_bytes_ >= size_bytes_) TM_TRY(finish());
    pieces_.keep(next);
    checksums_.push_back(extend_crc32c(0, bytes.data(), bytes.size()));
    crc32c_ = extend_crc32c(crc32c_, bytes.data(), bytes.size());
    report(next * piece_bytes_ + bytes.size());
  }
  return {};
}

Result<const uint8_t*> ProvenBody::piece_of(uint64_t number) {
  TM_TRY(read_up_to(number));
  if (const uint8_t* const piece = pieces_.find(number)) return piece;
  TM_ASSIGN(const uint8_t* const piece, fetch(number));
  if (extend_crc32c(0, piece, bytes_of(number)) == checksums_[number]) {
    pieces_.keep(number);
    return piece;
  }
  return fail(TIDEMARK_E_CORRUPT,
              std::string(key_) + ": read a second time the object has other bytes than the first time");
}

Result<size_t> ProvenBody::read_some(uint64_t offset, uint8_t* out, size_t size) {
  TM_TRY(deadline_.check());
  if (offset >= size_bytes_ || size == 0) return size_t{0};
  if (whole_ != nullptr) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(size, size_bytes_ - offset));
    std::memcpy(out, whole_.get() + offset, count);
    return count;
  }
  const uint64_t number = offset / piece_bytes_, begin = offset % piece_bytes_;
  TM_ASSIGN(const uint8_t* const piece, piece_of(number));
  const auto count = static_cast<size_t>(std::min<uint64_t>(size, bytes_of(number) - begin));
  std::memcpy(out, piece + begin, count);
  return count;
}

}  // namespace tidemark::store
