// Archives as objects in each coding, for tests of what reads them.
#ifndef TIDEMARK_TESTS_UNIT_CODEC_CODED_OBJECT_H
#define TIDEMARK_TESTS_UNIT_CODEC_CODED_OBJECT_H

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/sha256.h"
#include "codec/age_fixture.h"
#include "codec/coded_source.h"
#include "codec/keys.h"
#include "format/object_name.h"

namespace tidemark::test {

inline constexpr std::string_view kTagKey =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
inline constexpr std::string_view kOtherTagKey =
    "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

inline codec::Keys keys_of(std::string_view identity, std::string_view tag_key,
                           bool accepts_untagged = false) {
  codec::Keys keys;
  keys.accepts_untagged = accepts_untagged;
  if (!identity.empty()) keys.identities = test::identities(identity);
  if (!tag_key.empty()) keys.tag_keys = *codec::parse_tag_keys(tag_key, "keys");
  return keys;
}

class TextTar final : public codec::PlainTar {
 public:
  explicit TextTar(std::string bytes) : text_(std::move(bytes)) {}
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    if (offset >= text_.size()) return size_t{0};
    return text_.copy(reinterpret_cast<char*>(out), size, offset);
  }
  uint64_t size_bytes() const override { return text_.size(); }
  Result<Digest> digest() override {
    Sha256 sha;
    sha.update(text_.data(), text_.size());
    return sha.finish();
  }

 private:
  const std::string text_;
};

// `tar` as the object of that name; what is encrypted is for kIdentity, tagged under the first of tag_key.
inline std::string coded_object(const ParsedKey& key, const std::string& tar, int level = 1,
                                std::string_view tag_key = kTagKey) {
  codec::Encoding encoding;
  encoding.coding = key.name.coding;
  encoding.level = level;
  if (encrypts(encoding.coding)) encoding.recipients = test::recipients(test::kIdentity);
  const codec::Keys keys = keys_of({}, tag_key);
  codec::CodedSource source(encoding, keys.tag_keys, tar.size() + (1 << 20));
  TextTar plain(tar);
  Footer footer;
  footer.storage = key.storage;
  footer.partition = key.partition;
  footer.range = key.name.range;
  footer.epoch = key.name.epoch;
  const Status opened = source.open(plain, footer, Call(nullptr));
  EXPECT_TRUE(opened) << opened.error().message;
  return {reinterpret_cast<const char*>(source.data()), source.size_bytes()};
}

// The object with another footer, whose digest is that of what is stored.
inline std::string with_footer(const std::string& object, Footer footer) {
  const std::string stored = object.substr(0, object.size() - kFooterSize);
  Sha256 sha;
  sha.update(stored.data(), stored.size());
  footer.sha256 = *sha.finish();
  const FooterBlock block = format_footer(footer);
  return stored + std::string(block.data(), block.size());
}
inline Footer footer_of(const std::string& object) {
  return *parse_footer(ObjectKind::kArchive, std::string_view(object).substr(object.size() - kFooterSize),
                       nullptr);
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_CODEC_CODED_OBJECT_H
