// Takes an object's bytes apart while they arrive: what lies before the footer is passed on and hashed, the
// footer is held back and checked at the end.
//
// One thread at a time.
#ifndef TIDEMARK_TAR_CONTENT_STREAM_H
#define TIDEMARK_TAR_CONTENT_STREAM_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sha256.h"
#include "format/footer.h"
#include "tar/format.h"

namespace tidemark::tar {

// The digest of a tar while it arrives, and that of all but its end mark: the digest of the entry of an
// archive that holds one, at no cost of its own.
class ContentDigest {
 public:
  struct Digests {
    Digest whole{};
    Digest before_end_mark{};
  };
  void update(std::span<const uint8_t> content);
  // After the last of it. `after`, if not NULL, gets the digest of the content and `tail` together.
  Result<Digests> finish(std::string_view tail = {}, Digest* after = nullptr);
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  Sha256 sha_;
  std::array<uint8_t, kEndMarkSize> unhashed_;  // the last of the content
  size_t unhashed_size_ = 0;
  uint64_t size_bytes_ = 0;
};

// Splits a stream of unknown length into content and its last 512 bytes. Push pieces in order; each gives up
// to two pieces of content, valid until the next push.
class FooterSplitter {
 public:
  struct Pieces {
    std::span<const uint8_t> first;
    std::span<const uint8_t> second;
  };
  Pieces push(std::span<const uint8_t> piece);

  uint64_t content_bytes() const { return digest_.size_bytes(); }
  std::string_view tail() const { return {reinterpret_cast<const char*>(held_.data()), held_size_}; }
  // After the last piece: the footer, which must be of this content and of an object of this key. `whole`, if
  // not NULL, gets the digest of the content and the footer together.
  Result<Footer> check(const ParsedKey& key, Digest* whole = nullptr);
  // After check(), of the content as it is stored.
  const ContentDigest::Digests& digests() const { return digests_; }

 private:
  ContentDigest digest_;
  ContentDigest::Digests digests_;
  std::array<uint8_t, kFooterSize> held_;
  std::array<uint8_t, kFooterSize> given_;  // content that was held until the last push
  size_t held_size_ = 0;
};

// Whether a footer belongs to this key; CORRUPT if not.
Status check_identity(const Footer& footer, const ParsedKey& key);

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_CONTENT_STREAM_H
