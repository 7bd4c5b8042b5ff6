#include "codec/age_open.h"

#include <algorithm>
#include <cstring>

namespace tidemark::codec {
namespace {

constexpr std::string_view kVersionBegin = "age-encryption.org/";

Error corrupt(std::string message) { return fail(TIDEMARK_E_CORRUPT, std::move(message)); }

bool begins_alike(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  return a.substr(0, size) == b.substr(0, size);
}

}  // namespace

void AgeDecoder::begin() {
  aead_.forget_key();
  file_key_ = {};
  part_ = Part::kHeader;
  header_.clear();
  line_begin_ = 0;
  nonce_bytes_ = 0;
  index_ = 0;
  sealed_bytes_ = 0;
}

Status AgeDecoder::push(std::span<const uint8_t> stored, const Give& give) {
  while (!stored.empty()) {
    Status done = push_some(stored, give);
    if (done) continue;
    aead_.forget_key();
    return done;
  }
  return {};
}

Status AgeDecoder::finish(const Give& give) {
  Status done = finish_some(give);
  aead_.forget_key();
  return done;
}

// Takes what it has a use for off the front.
Status AgeDecoder::push_some(std::span<const uint8_t>& stored, const Give& give) {
  switch (part_) {
    case Part::kHeader:
      return push_header(stored);
    case Part::kNonce:
      return push_nonce(stored);
    case Part::kChunks:
      return push_chunk(stored, give);
    case Part::kEnd:
      break;
  }
  return corrupt("bytes follow its last age chunk, number " + std::to_string(index_));
}

// Line by line: the first that begins with "---" is the last.
Status AgeDecoder::push_header(std::span<const uint8_t>& stored) {
  const auto end = std::find(stored.begin(), stored.end(), '\n');
  const bool is_line = end != stored.end();
  const auto count = static_cast<size_t>(end - stored.begin()) + (is_line ? 1 : 0);
  if (count > kAgeHeaderMaxBytes - header_.size()) {
    return corrupt("its age header is longer than " + std::to_string(kAgeHeaderMaxBytes) + " bytes");
  }
  header_.append(reinterpret_cast<const char*>(stored.data()), count);
  stored = stored.subspan(count);
  // What is no age file at all is found before much of it was read.
  if (!begins_alike(header_, kVersionBegin))
    return corrupt("it is not an age file: it does not begin as one");
  if (line_begin_ == 0 && !begins_alike(header_, kAgeVersionLine)) {
    return corrupt("it is an age file of another version than v1, or damaged in its first line");
  }
  if (!is_line) return {};
  const bool is_last = std::string_view(header_).substr(line_begin_).starts_with("---");
  line_begin_ = header_.size();
  if (!is_last) return {};
  TM_ASSIGN(file_key_, headers_.open(header_, identities_));
  part_ = Part::kNonce;
  return {};
}

Status AgeDecoder::push_nonce(std::span<const uint8_t>& stored) {
  const size_t count = std::min(stored.size(), nonce_.size() - nonce_bytes_);
  std::copy_n(stored.begin(), count, nonce_.begin() + nonce_bytes_);
  nonce_bytes_ += count;
  stored = stored.subspan(count);
  if (nonce_bytes_ < nonce_.size()) return {};
  if (plain_ == nullptr) plain_ = std::make_unique<uint8_t[]>(kAgeChunkBytes);
  if (sealed_ == nullptr) sealed_ = std::make_unique<uint8_t[]>(kAgeSealedChunkBytes);
  TM_ASSIGN(const Aead::Key key, headers_.payload_key(file_key_, nonce_));
  file_key_ = {};
  TM_TRY(aead_.set_key(key, Aead::Use::kOpen));
  part_ = Part::kChunks;
  return {};
}

Status AgeDecoder::push_chunk(std::span<const uint8_t>& stored, const Give& give) {
  if (sealed_bytes_ == 0 && stored.size() >= kAgeSealedChunkBytes) {  // needs no copy
    const auto sealed = stored.first(kAgeSealedChunkBytes);
    stored = stored.subspan(kAgeSealedChunkBytes);
    return open_full(sealed, give);
  }
  const size_t count = std::min(stored.size(), kAgeSealedChunkBytes - sealed_bytes_);
  std::memcpy(sealed_.get() + sealed_bytes_, stored.data(), count);
  sealed_bytes_ += count;
  stored = stored.subspan(count);
  if (sealed_bytes_ < kAgeSealedChunkBytes) return {};
  sealed_bytes_ = 0;
  return open_full({sealed_.get(), kAgeSealedChunkBytes}, give);
}

Status AgeDecoder::finish_some(const Give& give) {
  switch (part_) {
    case Part::kHeader:
      return corrupt("it ends within its age header");
    case Part::kNonce:
      return corrupt("it ends within the nonce after its age header");
    case Part::kChunks:
      if (sealed_bytes_ == 0) {
        return corrupt("it ends before its last age chunk, after number " + std::to_string(index_));
      }
      return open_rest(give);
    case Part::kEnd:
      break;
  }
  return {};
}

Result<bool> AgeDecoder::open(std::span<const uint8_t> sealed, bool is_last) {
  return aead_.open(age_chunk_nonce(index_, is_last), sealed, plain_.get());
}

// A full chunk is rarely the last, and one that is does not open otherwise.
Status AgeDecoder::open_full(std::span<const uint8_t> sealed, const Give& give) {
  TM_ASSIGN(bool is_right, open(sealed, false));
  if (!is_right) {
    TM_ASSIGN(is_right, open(sealed, true));
    if (!is_right) return damaged_chunk();
    part_ = Part::kEnd;
  }
  return give_chunk(kAgeChunkBytes, give);
}

// What is shorter can only be the last.
Status AgeDecoder::open_rest(const Give& give) {
  TM_ASSIGN(const bool is_right, open({sealed_.get(), sealed_bytes_}, true));
  if (!is_right) return damaged_chunk();
  const size_t plain_bytes = sealed_bytes_ - Aead::kTagSize;
  if (plain_bytes == 0 && index_ > 0) {
    return corrupt("its last age chunk, number " + std::to_string(index_ + 1) + ", is empty");
  }
  part_ = Part::kEnd;
  return give_chunk(plain_bytes, give);
}

Status AgeDecoder::give_chunk(size_t plain_bytes, const Give& give) {
  ++index_;
  return plain_bytes == 0 ? Status() : give({plain_.get(), plain_bytes});
}

Error AgeDecoder::damaged_chunk() const {
  return corrupt("its age chunk " + std::to_string(index_ + 1) + " is damaged, cut off or not in its place");
}

}  // namespace tidemark::codec
