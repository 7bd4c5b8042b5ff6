// The tag of an encrypted archive: what it holds and under which name, so that only who has the key can tell
// whether two archives are equal, or make one (plugin/FORMATS.md, "tag=").
//
// One thread at a time.
#ifndef TIDEMARK_CODEC_TAG_H
#define TIDEMARK_CODEC_TAG_H

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/sha256.h"
#include "codec/crypto.h"
#include "codec/tag_keys.h"

namespace tidemark::codec {

using Tag = HmacSha256::Mac;

class Tagger {
 public:
  explicit Tagger(TagKeys keys);  // at least one

  // Under the first key. `object_key` is that of an archive, with ".tar" and what follows it; `plain_tar` is
  // the digest of what was compressed and encrypted.
  Result<Tag> make(std::string_view object_key, const Sha256::Digest& plain_tar);
  // Whether one of the keys made it.
  Result<bool> is_right(const Tag& tag, std::string_view object_key, const Sha256::Digest& plain_tar);

 private:
  Result<Tag> make_with(const Secret& key, std::string_view object_key, const Sha256::Digest& plain_tar);

  const TagKeys keys_;
  HmacSha256 hmac_;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_TAG_H
