#include "codec/age_seal.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace tidemark::codec {
namespace {

Error changed(const std::string& how) {
  return fail(TIDEMARK_E_CORRUPT, "what is encrypted changed between two reads: " + how);
}

}  // namespace

AgeSealer::AgeSealer(std::vector<Recipient> recipients) : recipients_(std::move(recipients)) {
  assert(!recipients_.empty());
}

Status AgeSealer::begin(ByteReader& plain) {
  end();
  if (chunk_ == nullptr) chunk_ = std::make_unique<uint8_t[]>(kAgeChunkBytes + 1);
  if (sealed_ == nullptr) sealed_ = std::make_unique<uint8_t[]>(kAgeSealedChunkBytes);
  FileKey file_key;
  PayloadNonce nonce;
  TM_TRY(fill_random(file_key.fill()));
  TM_TRY(fill_random(nonce));
  TM_ASSIGN(front_, headers_.make(recipients_, file_key));
  front_.append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  TM_ASSIGN(const Aead::Key key, headers_.payload_key(file_key, nonce));
  TM_TRY(aead_.set_key(key, Aead::Use::kSeal));
  plain_ = &plain;
  return {};
}

void AgeSealer::end() {
  aead_.forget_key();
  plain_ = nullptr;
  front_.clear();
  plain_bytes_.reset();
  std::vector<uint32_t>().swap(seals_);
  chunk_index_.reset();
  sealed_index_.reset();
}

Result<size_t> AgeSealer::read(uint64_t offset, uint8_t* out, size_t size) {
  assert(plain_ != nullptr);
  size_t done = 0;
  while (done < size) {
    TM_ASSIGN(const size_t got, read_some(offset + done, out + done, size - done));
    if (got == 0) break;
    done += got;
  }
  return done;
}

Result<size_t> AgeSealer::read_some(uint64_t offset, uint8_t* out, size_t size) {
  if (offset < front_.size()) return front_.copy(reinterpret_cast<char*>(out), size, offset);
  const uint64_t index = (offset - front_.size()) / kAgeSealedChunkBytes;
  const size_t within = (offset - front_.size()) % kAgeSealedChunkBytes;
  if (plain_bytes_ && index >= age_chunks(*plain_bytes_)) return 0;
  if (sealed_index_ != index) {
    TM_TRY(load(index));
    const size_t sealed_bytes = std::min(chunk_bytes_, kAgeChunkBytes) + Aead::kTagSize;
    if (within == 0 && size >= sealed_bytes) {  // needs no copy
      TM_TRY(seal(out));
      return sealed_bytes;
    }
    sealed_index_.reset();
    TM_TRY(seal(sealed_.get()));
    sealed_index_ = index;
    sealed_bytes_ = sealed_bytes;
  }
  if (within >= sealed_bytes_) return 0;
  const size_t count = std::min(size, sealed_bytes_ - within);
  std::memcpy(out, sealed_.get() + within, count);
  return count;
}

// Brings the plaintext of a chunk.
Status AgeSealer::load(uint64_t index) {
  if (chunk_index_ == index) return {};
  assert(index <= seals_.size());  // a first read is in order
  size_t done = 0;
  if (chunk_index_ && *chunk_index_ + 1 == index) {
    assert(chunk_bytes_ > kAgeChunkBytes);
    chunk_[0] = chunk_[kAgeChunkBytes];
    done = 1;
  }
  chunk_index_.reset();
  while (done <= kAgeChunkBytes) {
    TM_ASSIGN(const size_t got,
              plain_->read(index * kAgeChunkBytes + done, chunk_.get() + done, kAgeChunkBytes + 1 - done));
    if (got == 0) break;
    done += got;
  }
  chunk_bytes_ = done;
  TM_TRY(check_length(index));
  chunk_index_ = index;
  return {};
}

Status AgeSealer::check_length(uint64_t index) {
  const uint64_t end = index * kAgeChunkBytes + chunk_bytes_;
  const bool is_last = chunk_bytes_ <= kAgeChunkBytes;
  if (is_last && !plain_bytes_ && index == seals_.size()) plain_bytes_ = end;
  const bool was_last = plain_bytes_ && index + 1 == age_chunks(*plain_bytes_);
  if (is_last == was_last && (!is_last || end == *plain_bytes_)) return {};
  return changed("it has another length");
}

// The chunk that was brought.
Status AgeSealer::seal(uint8_t* sealed) {
  const uint64_t index = *chunk_index_;
  const size_t plain_bytes = std::min(chunk_bytes_, kAgeChunkBytes);
  const bool is_last = chunk_bytes_ <= kAgeChunkBytes;
  TM_TRY(aead_.seal(age_chunk_nonce(index, is_last), {chunk_.get(), plain_bytes}, sealed));
  uint32_t seal = 0;
  std::memcpy(&seal, sealed + plain_bytes, sizeof seal);
  if (index == seals_.size()) {
    seals_.push_back(seal);
  } else if (seals_[index] != seal) {
    wipe(sealed, plain_bytes + Aead::kTagSize);
    chunk_index_.reset();
    return changed("chunk " + std::to_string(index + 1) + " has other bytes");
  }
  return {};
}

}  // namespace tidemark::codec
