// What the strict parser wants of the fields of a header that say nothing.
#include <gtest/gtest.h>

#include <cstdio>

#include "tar/content_parser.h"
#include "tar/raw_tar.h"

namespace tidemark::tar {
namespace {

// A header with this in that place, and a checksum that is right.
Status parse_with(size_t at, std::string_view field) {
  std::string content = test::RawTar().member('0', "0000000000001", "text").object();
  content.resize(content.size() - kFooterSize);
  field.copy(content.data() + at, field.size());
  content.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (size_t i = 0; i < kBlockSize; ++i) sum += static_cast<unsigned char>(content[i]);
  std::snprintf(content.data() + 148, 8, "%06o", sum);
  ContentVisitor nobody;
  ContentParser parser({1, 1}, nobody);
  Status status = parser.push({reinterpret_cast<const uint8_t*>(content.data()), content.size()});
  return status ? parser.finish() : status;
}

constexpr size_t kMode = 100, kUid = 108, kGid = 116, kMtime = 136, kOwner = 265, kGroup = 297, kMajor = 329,
                 kMinor = 337;

TEST(HeaderFields, NothingOrZeroIsFine) {
  for (const size_t at : {kUid, kGid, kMajor, kMinor}) {
    EXPECT_TRUE(parse_with(at, std::string_view("0000000\0", 8))) << at;
    EXPECT_TRUE(parse_with(at, std::string_view("0 \0\0\0\0\0\0", 8))) << at;
    EXPECT_TRUE(parse_with(at, std::string_view("\0\0\0\0\0\0\0\0", 8))) << at;
  }
  EXPECT_TRUE(parse_with(kMtime, std::string_view("00000000000\0", 12)));
  EXPECT_TRUE(parse_with(kMtime, std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0", 12)));
}

// Found by fuzz_extract: libarchive takes such a thing for no tar at all.
TEST(HeaderFields, AnythingElseIsNone) {
  for (const size_t at : {kUid, kGid, kMtime, kMajor, kMinor}) {
    for (const std::string_view field : {"000=000", "0000001", "\x80", " 000", "0x0"}) {
      const Status status = parse_with(at, field);
      ASSERT_FALSE(status) << at << field;
      EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT);
      EXPECT_NE(status.error().message.find("an owner, a time or a device"), std::string::npos);
    }
  }
  EXPECT_FALSE(parse_with(kOwner, "root"));
  EXPECT_FALSE(parse_with(kGroup, "wheel"));
}

TEST(HeaderFields, NothingStandsBehindANumber) {
  EXPECT_TRUE(parse_with(kMode, std::string_view("0755 \0\0\0", 8)));
  EXPECT_FALSE(parse_with(kMode, std::string_view("0755\0007\0\0", 8)));
}

}  // namespace
}  // namespace tidemark::tar
