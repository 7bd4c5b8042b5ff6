// What answers to a put prove.
#include "s3/proof.h"

#include <gtest/gtest.h>

#include "fixture.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr const char* kMd5 = "\"900150983cd24fb0d6963f7d28e17f72\"";  // of "abc" (RFC 1321)
constexpr const char* kOther = "\"900150983cd24fb0d6963f7d28e17f73\"";

class S3Proof : public ::testing::Test {
 protected:
  // Why there is doubt; empty without.
  std::string doubt(int status, Headers headers, std::string text = "") {
    Body body(std::string_view("abc"));
    Sent sent = {3, "crc=", "", &body};
    const Result<std::optional<Doubt>> found =
        doubt_about({{status, std::move(headers), std::move(text)}}, traits_, sent);
    if (!found) return found.error().message;
    is_of_etag_ = *found && (*found)->is_of_etag;
    return *found ? (*found)->why : "";
  }
  Traits traits_;
  bool is_of_etag_ = false;
};

TEST_F(S3Proof, OfAnMd5) {
  for (const int status : {200, 201, 204}) EXPECT_EQ(doubt(status, {{"etag", kMd5}}), "");
  EXPECT_EQ(doubt(200, {{"etag", "900150983CD24FB0D6963F7D28E17F72"}}), "") << "bare, and in capitals";
  EXPECT_EQ(doubt(200, {{"etag", kMd5}}, "<?xml version=\"1.0\"?><PutObjectResult/>"), "");
  for (const int status : {202, 203, 206}) EXPECT_NE(doubt(status, {{"etag", kMd5}}), "") << status;
  EXPECT_NE(doubt(200, {{"etag", kOther}}), "");
  EXPECT_NE(doubt(200, {}), "");
  EXPECT_FALSE(is_of_etag_);
  EXPECT_NE(doubt(200, {{"etag", "\"v1:17\""}}), "") << "this store's were";
  EXPECT_NE(doubt(200, {{"etag", kMd5}}, "<Error><Code>InternalError</Code></Error>").find("InternalError"),
            std::string::npos);
  EXPECT_NE(doubt(200, {{"etag", kMd5}}, "<html><body>hello</body></html>").find("HTML"), std::string::npos);
  EXPECT_NE(doubt(200, {{"etag", kMd5}}, "<!doctype html><p>"), "");
  EXPECT_NE(doubt(200, {{"etag", kMd5}}, "ok"), "");
}

TEST_F(S3Proof, OfEtagsThatAreNone) {
  const Headers kms = {{"etag", kOther}, {"x-amz-server-side-encryption", "aws:kms"}};
  EXPECT_NE(doubt(200, kms), "") << "looks like an MD5 and is none";
  EXPECT_TRUE(is_of_etag_);
  traits_.etag = Etag::kOpaque;
  for (const char* etag : {kOther, "\"v1:17\""}) {
    EXPECT_NE(doubt(200, {{"etag", etag}}), "") << "it could be that of nothing";
    EXPECT_TRUE(is_of_etag_) << "and nothing but that";
  }
  EXPECT_NE(doubt(200, {}), "");
  traits_.puts_have_etag = false;
  EXPECT_NE(doubt(200, {}), "");
  EXPECT_TRUE(is_of_etag_) << "and nothing but that";
  EXPECT_NE(doubt(202, {}), "");
  EXPECT_FALSE(is_of_etag_);
}

TEST_F(S3Proof, TheStoresOwnChecksumSparesADigest) {
  traits_.echoes_crc32c = true;
  EXPECT_TRUE(needs_md5(traits_, kMd5AlwaysBytes));
  EXPECT_FALSE(needs_md5(traits_, kMd5AlwaysBytes + 1));
  Sent sent = {kMd5AlwaysBytes + 1, "crc="};
  const auto of = [&](const Headers& headers) { return *match({{200, headers, ""}}, traits_, sent); };
  EXPECT_EQ(of({{"etag", kMd5}, {"x-amz-checksum-crc32c", "crc="}}), Match::kSame);
  EXPECT_EQ(of({{"etag", kMd5}, {"x-amz-checksum-crc32c", "another"}}), Match::kOther);
  traits_.echoes_crc32c = false;
  EXPECT_TRUE(needs_md5(traits_, kMd5AlwaysBytes + 1));
}

TEST_F(S3Proof, ABodyIsDigestedAsItIsSent) {
  const std::string bytes(100'000, 'x');
  Digests digests({.sha256 = false, .crc32c = false, .md5 = true});
  digests.update(bytes.data(), bytes.size());
  const std::string expected = digests.md5_base64().value();
  int reads = 0;
  TestSource source{bytes};
  source.on_read = [&](uint64_t offset) { reads += offset == 0; };
  const Call call(nullptr, nullptr);
  const Source of(source.get(), call);
  const auto send = [](Body& body, size_t most) {
    std::string buffer(7000, '\0');
    for (size_t sent = 0, size = 1; size > 0 && sent < most; sent += size) {
      ASSERT_TRUE(body.read(buffer.data(), buffer.size(), &size));
    }
  };
  Body body(of, 0, bytes.size(), nullptr);
  body.digest_as_sent();
  send(body, 20'000);  // the connection breaks
  body.rewind(0);
  send(body, SIZE_MAX);
  reads = 0;
  EXPECT_EQ(*body.md5_base64(), expected);
  EXPECT_EQ(reads, 0) << "it was read as it was sent";
  Body unread(of, 0, bytes.size(), nullptr);
  send(unread, SIZE_MAX);
  EXPECT_EQ(*unread.md5_base64(), expected);
  Body memory{std::string_view(bytes)};
  EXPECT_EQ(*memory.md5_base64(), expected);
}

TEST_F(S3Proof, OfParts) {
  const std::vector<UploadedPart> parts = {{kMd5, ""}, {"900150983cd24fb0d6963f7d28e17f72", ""}};
  // md5(md5("abc") || md5("abc")), by another program.
  EXPECT_EQ(match_parts("\"9d2e6dd1b2c7b2c4b1e8b2f0e0a0c0d1-2\"", parts), Match::kOther);
  EXPECT_EQ(match_parts("\"043a916d6cfeecedf5e04f0312ba762d-2\"", parts), Match::kSame);
  EXPECT_EQ(match_parts("\"043a916d6cfeecedf5e04f0312ba762d-3\"", parts), Match::kOther);
  EXPECT_EQ(match_parts(kMd5, parts), Match::kUnknown);
  EXPECT_EQ(match_parts("\"043a916d6cfeecedf5e04f0312ba762d-1\"", {{"opaque", ""}}), Match::kUnknown);
}

}  // namespace
}  // namespace tidemark::sinks::s3
