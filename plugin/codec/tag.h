// The tag of an encrypted archive: what it holds and under which name, so that only who has the key can tell
// whether two archives are equal, or make one (plugin/FORMATS.md, "tag=").
//
// One thread at a time.
#ifndef TIDEMARK_CODEC_TAG_H
#define TIDEMARK_CODEC_TAG_H

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "codec/crypto.h"
#include "codec/keys.h"
#include "codec/tag_keys.h"
#include "format/footer.h"
#include "format/object_name.h"

namespace tidemark::codec {

enum class TagVerdict : uint8_t {
  kSame,
  kOther,
  kOtherKey,  // made with a key that is not one of these: nobody can say
};

// Algorithms are fetched once in its life. `stem` is archive_stem() of the archive's name, `plain_tar` the
// digest of what was compressed and encrypted.
class Tagger {
 public:
  Result<ContentTag> make(const Secret& key, std::string_view stem, const Digest& plain_tar);
  Result<TagVerdict> compare(const TagKeys& keys, const ContentTag& tag, std::string_view stem,
                             const Digest& plain_tar);

 private:
  HmacSha256 hmac_;
};

// SEALED: says which key is missing.
Error other_tag_key(const ContentTag& tag);

// SEALED: there are tag keys, and none of them has made the tag, if there is one.
Status check_tag_key(const TagKeys& keys, const Footer& footer);

// CORRUPT: there is a tag key, and what is coded in this way bears no tag. Who can write to an archive could
// have put it in the place of one that does.
Status check_bears_tag(const Keys& keys, Coding coding);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_TAG_H
