#include "store/encoded_body.h"

#include <algorithm>
#include <cstring>

namespace tidemark::store {
namespace {

constexpr uint64_t kEncodedPiecesMax = uint64_t{1} << 32;

// What encoding adds at most, to what cannot be compressed: frames, chunks, and headers with all recipients.
uint64_t encoded_bytes_max(uint64_t plain_bytes) {
  return plain_bytes + plain_bytes / 256 + (uint64_t{64} << 10);
}

}  // namespace

EncodedBody::EncodedBody(sink::Sink& from, std::string_view key, const ParsedKey& parsed, uint64_t size_bytes,
                         const How& how, const Progress& progress, const Call& deadline)
    : how_(how), deadline_(deadline), tar_(from, key, parsed, size_bytes, how.keys, progress, deadline) {}

// A little less than half is for the tar, so that what becomes of one that fits there fits the other half. Of
// one that does not, its part is for pieces.
Status EncodedBody::prepare(uint64_t buffer_bytes, const sink::Sink& to) {
  const uint64_t for_coded = buffer_bytes / 2, for_tar = buffer_bytes / 16 * 7;
  TM_TRY(tar_.prove(for_tar));
  TM_ASSIGN(digest_, tar_.digest());
  coded_.emplace(how_.encoding, how_.tag_keys, std::min(for_coded, encoded_bytes_max(tar_.size_bytes())));
  TM_TRY(coded_->open(tar_, tar_.footer(), deadline_));
  source_.size_bytes = coded_->size_bytes();
  source_.data = coded_->data();
  if (source_.data == nullptr) pieces_.begin(source_.size_bytes, for_tar, kEncodedPiecesMax);
  TM_ASSIGN(sha256_, coded_->object_digest());
  TM_ASSIGN(crc32c_, coded_->object_crc32c());
  if (to.wants_sha256()) source_.sha256 = sha256_.data();
  if (to.wants_crc32c()) source_.crc32c = &crc32c_;
  return {};
}

Result<const uint8_t*> EncodedBody::piece_of(uint64_t number) {
  if (const uint8_t* const piece = pieces_.find(number)) return piece;
  const uint64_t begin = number * pieces_.piece_bytes();
  const uint64_t wanted = std::min(pieces_.piece_bytes(), source_.size_bytes - begin);
  uint8_t* const room = pieces_.make_room();
  for (uint64_t filled = 0; filled < wanted;) {
    TM_ASSIGN(const size_t count, coded_->read(begin + filled, room + filled, wanted - filled));
    filled += count;
  }
  pieces_.keep(number);
  return room;
}

Result<size_t> EncodedBody::read_some(uint64_t offset, uint8_t* out, size_t size) {
  TM_TRY(deadline_.check());
  if (offset >= source_.size_bytes || size == 0) return size_t{0};
  if (source_.data != nullptr) return coded_->read(offset, out, size);
  const uint64_t number = offset / pieces_.piece_bytes(), begin = offset % pieces_.piece_bytes();
  TM_ASSIGN(const uint8_t* const piece, piece_of(number));
  const uint64_t in_piece =
      std::min(pieces_.piece_bytes(), source_.size_bytes - number * pieces_.piece_bytes());
  const auto count = static_cast<size_t>(std::min<uint64_t>(size, in_piece - begin));
  std::memcpy(out, piece + begin, count);
  return count;
}

}  // namespace tidemark::store
