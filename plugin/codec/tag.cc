#include "codec/tag.h"

#include <algorithm>

namespace tidemark::codec {
namespace {

constexpr std::string_view kDomain("TIDEMARK1-TAG\0", 14);
constexpr std::string_view kKeyDomain = "TIDEMARK1-TAG-KEY";

}  // namespace

Result<ContentTag> Tagger::make(const Secret& key, std::string_view stem, const Digest& plain_tar) {
  ContentTag tag;
  TM_ASSIGN(const HmacSha256::Mac of_key, hmac_.compute(bytes_of(key.reveal()), {bytes_of(kKeyDomain)}));
  std::copy_n(of_key.begin(), tag.key_id.size(), tag.key_id.begin());
  TM_ASSIGN(tag.digest,
            hmac_.compute(bytes_of(key.reveal()), {bytes_of(kDomain), bytes_of(stem), plain_tar}));
  return tag;
}

Result<TagVerdict> Tagger::compare(const TagKeys& keys, const ContentTag& tag, std::string_view stem,
                                   const Digest& plain_tar) {
  TagVerdict verdict = TagVerdict::kOtherKey;
  for (const Secret& key : keys) {
    TM_ASSIGN(const ContentTag ours, make(key, stem, plain_tar));
    if (ours.key_id != tag.key_id) continue;
    if (is_equal(ours.digest, tag.digest)) return TagVerdict::kSame;
    verdict = TagVerdict::kOther;
  }
  return verdict;
}

Error other_tag_key(const ContentTag& tag) {
  return fail(TIDEMARK_E_SEALED, "its tag was made with the tag key " + hex(tag.key_id) +
                                     ", which is not at hand: add that key as another line of the file of "
                                     "tag keys (tidemark: --tag-key FILE; the archiver's option: "
                                     "encrypt_tag_key_file)");
}

Status check_tag_key(const TagKeys& keys, const Footer& footer) {
  if (keys.empty() || !footer.tag) return {};
  TM_ASSIGN(const TagVerdict verdict, Tagger().compare(keys, *footer.tag, {}, {}));
  if (verdict == TagVerdict::kOtherKey) return other_tag_key(*footer.tag);
  return {};
}

Status check_bears_tag(const Keys& keys, Coding coding) {
  if (keys.tag_keys.empty() || keys.accepts_untagged || encrypts(coding)) return {};
  return fail(
      TIDEMARK_E_CORRUPT,
      "it is not encrypted, so it bears no tag, and with a tag key that is refused: whoever can write "
      "to the archive could have made it; if it is from before encryption was on, say so (tidemark: "
      "--accept-untagged; the archiver's option: accept_untagged=true)");
}

}  // namespace tidemark::codec
