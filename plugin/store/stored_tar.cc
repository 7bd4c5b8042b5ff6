#include "store/stored_tar.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/crc32c.h"
#include "store/plain_giver.h"
#include "store/read_archive.h"

namespace tidemark::store {
namespace {

constexpr uint64_t kPieceBytes = TarStream::kPieceBytes;

}  // namespace

StoredTar::StoredTar(sink::Sink& from, std::string_view key, const ParsedKey& parsed, uint64_t stored_bytes,
                     const codec::Keys& keys, const Progress& progress, const Call& deadline)
    : from_(from),
      key_(key),
      parsed_(parsed),
      stored_bytes_(stored_bytes),
      keys_(keys),
      progress_(progress),
      deadline_(deadline) {}

Status StoredTar::prove(uint64_t hold_bytes) {
  // Pages that nothing is written to take no memory.
  if (hold_bytes > 0) held_ = page_buffer(hold_bytes);
  const GiveBytes give = [&](std::span<const uint8_t> plain) { return keep(plain, hold_bytes); };
  PlainGiver giver(give);
  tar::ArchiveProof proof(parsed_, keys_, &giver, asks_footer(from_, key_, deadline_));
  uint64_t read_bytes = 0;
  const Progress count = [&](uint64_t so_far) {
    read_bytes = so_far;
    if (progress_) progress_(so_far);
  };
  TM_ASSIGN(footer_, read_archive(from_, key_, proof, count, deadline_));
  TM_TRY(giver.finish());
  if (read_bytes != stored_bytes_) {
    return fail(TIDEMARK_E_CORRUPT, std::string(key_) + ": the object has " + std::to_string(read_bytes) +
                                        " bytes, and the sink lists " + std::to_string(stored_bytes_));
  }
  digest_ = proof.plain_digests().whole;
  return {};
}

Status StoredTar::keep(std::span<const uint8_t> plain, uint64_t hold_bytes) {
  if (plain.size() > hold_bytes - std::min(plain_bytes_, hold_bytes)) held_.reset();
  if (held_ != nullptr) std::memcpy(held_.get() + plain_bytes_, plain.data(), plain.size());
  while (!plain.empty()) {
    const uint64_t in_piece = plain_bytes_ % kPieceBytes;
    const size_t count = std::min<uint64_t>(plain.size(), kPieceBytes - in_piece);
    if (in_piece == 0) checksums_.push_back(0);
    checksums_.back() = extend_crc32c(checksums_.back(), plain.data(), count);
    plain_bytes_ += count;
    plain = plain.subspan(count);
  }
  return {};
}

Result<size_t> StoredTar::read(uint64_t offset, uint8_t* out, size_t size) {
  if (offset >= plain_bytes_ || size == 0) return size_t{0};
  if (held_ != nullptr) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(size, plain_bytes_ - offset));
    std::memcpy(out, held_.get() + offset, count);
    return count;
  }
  const uint64_t number = offset / kPieceBytes, begin = offset % kPieceBytes;
  TM_TRY(go_to(number));
  const uint64_t in_piece = std::min(kPieceBytes, plain_bytes_ - number * kPieceBytes);
  const auto count = static_cast<size_t>(std::min<uint64_t>(size, in_piece - begin));
  std::memcpy(out, piece_.get() + begin, count);
  return count;
}

Status StoredTar::go_to(uint64_t number) {
  if (number_ == number) return {};
  Status there = go_forward_to(number);
  if (!there) stream_.reset();
  return there;
}

Status StoredTar::go_forward_to(uint64_t number) {
  if (!stream_ || next_ > number) {
    stream_.emplace(from_, key_, parsed_.name.coding, TarStream::Sizes{stored_bytes_, plain_bytes_}, keys_,
                    deadline_);
    next_ = 0;
    number_ = UINT64_MAX;
    TM_TRY(stream_->start());
  }
  while (number_ != number) TM_TRY(take_next());
  return {};
}

Status StoredTar::take_next() {
  if (piece_ == nullptr) piece_ = page_buffer(kPieceBytes);
  number_ = UINT64_MAX;
  auto count = stream_->next(piece_);
  if (!count && count.error().status != TIDEMARK_E_CORRUPT) return std::move(count.error());
  const uint64_t wanted = std::min(kPieceBytes, plain_bytes_ - next_ * kPieceBytes);
  if (!count || *count != wanted || extend_crc32c(0, piece_.get(), wanted) != checksums_[next_]) {
    return fail(TIDEMARK_E_CORRUPT,
                std::string(key_) + ": read a second time the object has other bytes than the first time");
  }
  if (progress_) progress_(stream_->read_bytes());
  number_ = next_++;
  return {};
}

}  // namespace tidemark::store
