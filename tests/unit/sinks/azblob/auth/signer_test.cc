#include "azblob/auth/signer.h"

#include <gtest/gtest.h>

#include "azblob/auth/account_key.h"
#include "http/body.h"

namespace tidemark::sinks::azblob {
namespace {

TEST(AzblobSigner, WhatIsSigned) {
  Body body("12345");
  HttpRequest request;
  request.method = "PUT";
  request.path = "/account/con/a b+c%d/\xC3\xBC";
  request.query = {{"comp", "block"}, {"BlockId", "a+b="}};
  request.headers = {{"content-type", "application/octet-stream"},
                     {"content-md5", "md5=="},
                     {"if-none-match", "*"},
                     {"x-ms-blob-type", "BlockBlob"}};
  request.body = &body;
  EXPECT_EQ(string_to_sign(request, {{"x-ms-version", "v"}, {"x-ms-date", "d"}}, "account"),
            "PUT\n\n\n5\nmd5==\napplication/octet-stream\n\n\n\n*\n\n\n"
            "x-ms-blob-type:BlockBlob\nx-ms-date:d\nx-ms-version:v\n"
            "/account/account/con/a%20b%2Bc%25d/%C3%BC\nblockid:a+b=\ncomp:block");
  Body nothing;
  request.body = &nothing;
  EXPECT_NE(string_to_sign(request, {}, "account").find("PUT\n\n\n\nmd5=="), std::string::npos)
      << "a length of nothing is not signed";
}

// The example of Azure's documents: Get Container Metadata, as it signs it.
TEST(AzblobSigner, AsTheDocumentsHaveIt) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/mycontainer";
  request.query = {{"comp", "metadata"}, {"restype", "container"}, {"timeout", "20"}};
  EXPECT_EQ(string_to_sign(request,
                           {{"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"}, {"x-ms-version", "2015-02-21"}},
                           "myaccount"),
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
            "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20");
}

TEST(AzblobSigner, WhatIsSentForEachKind) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/con/k";
  const Result<Secret> key = decode_account_key("c2VjcmV0IHNlY3JldA==", "key");
  ASSERT_TRUE(key);
  Result<Headers> proof =
      sign(request, {Credentials::Kind::kSharedKey, "account", *key}, 1'709'251'198'000'000);
  ASSERT_TRUE(proof);
  ASSERT_EQ(proof->size(), 3u);
  EXPECT_EQ((*proof)[0].value, kVersion);
  EXPECT_EQ((*proof)[1].value, "Thu, 29 Feb 2024 23:59:58 GMT");
  EXPECT_EQ((*proof)[2].value.substr(0, 18), "SharedKey account:");
  EXPECT_EQ((*proof)[2].value.size(), 18u + 44);
  proof = sign(request, {Credentials::Kind::kToken, "", Secret("token")}, 0);
  EXPECT_EQ((*proof)[2].value, "Bearer token");
  proof = sign(request, {Credentials::Kind::kSas, "", Secret("sig=x")}, 0);
  ASSERT_EQ(proof->size(), 1u);
  EXPECT_EQ((*proof)[0].name, "x-ms-version");
}

}  // namespace
}  // namespace tidemark::sinks::azblob
