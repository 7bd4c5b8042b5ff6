#include "s3/xml.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::s3 {
namespace {

constexpr const char* kHead =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";

std::string object(const std::string& key, const std::string& size = "5") {
  return "<Contents><Key>" + key +
         "</Key><LastModified>2026-11-25T03:00:00.250Z</LastModified><ETag>&quot;e&quot;</ETag>" + "<Size>" +
         size + "</Size></Contents>";
}
std::string page(const std::string& inner, const std::string& end = "<IsTruncated>false</IsTruncated>") {
  return kHead + inner + end + "</ListBucketResult>";
}

TEST(S3Xml, ListsObjects) {
  const Result<ListPage> list =
      parse_list(page("<EncodingType>url</EncodingType>" + object("a%2Fb+c%2B%25") + object("d", "0")));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->objects.size(), 2u);
  EXPECT_EQ(list->objects[0].key, "a/b c+%");
  EXPECT_EQ(list->objects[0].size_bytes, 5u);
  EXPECT_EQ(list->objects[0].modified_us, 1795575600250000);
  EXPECT_EQ(list->objects[1].key, "d");
  EXPECT_EQ(list->next_token, "");
}

TEST(S3Xml, KeysAreTakenAsTheyAreWhereTheStoreDoesNotEncode) {
  const Result<ListPage> list = parse_list(page(object("a+b%20&amp;&lt;") + object(" ")));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->objects[0].key, "a+b%20&<");
  EXPECT_EQ(list->objects[1].key, " ");
}

TEST(S3Xml, ATruncatedListIsAnError) {
  const std::string whole =
      page(object("a") + object("b"),
           "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>");
  EXPECT_EQ(parse_list(whole)->next_token, "t");
  for (size_t size = 0; size < whole.size(); ++size) {
    const Result<ListPage> list = parse_list(whole.substr(0, size));
    ASSERT_FALSE(list) << size;
    EXPECT_EQ(list.error().status, TIDEMARK_E_RETRYABLE);
  }
}

TEST(S3Xml, AListThatLeavesSomethingOpenIsAnError) {
  EXPECT_FALSE(parse_list(page("", "")));
  EXPECT_FALSE(parse_list(page("", "<IsTruncated>true</IsTruncated>")));
  EXPECT_FALSE(parse_list(page("", "<IsTruncated>perhaps</IsTruncated>")));
  EXPECT_FALSE(parse_list(page("<Contents><Size>1</Size></Contents>")));
  EXPECT_FALSE(parse_list(page(object("a", "many"))));
  EXPECT_FALSE(parse_list(page("<EncodingType>url</EncodingType>" + object("a%zz"))));
  EXPECT_FALSE(parse_list("<html></html>"));
}

TEST(S3Xml, Errors) {
  EXPECT_FALSE(parse_error(""));
  EXPECT_FALSE(parse_error("<Error><Code>X"));
  EXPECT_FALSE(parse_error("<html/>"));
  const std::optional<StoreError> error = parse_error("<Error><Code>X</Code><Region>r</Region></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "X");
  EXPECT_EQ(error->region, "r");
}

TEST(S3Xml, Uploads) {
  EXPECT_EQ(*parse_upload_id(
                "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"),
            "u1");
  EXPECT_FALSE(parse_upload_id("<InitiateMultipartUploadResult/>"));
  EXPECT_FALSE(parse_upload_id("<InitiateMultipartUploadResult><UploadId>u1"));
  const Result<std::vector<ListedUpload>> uploads = parse_uploads(
      "<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>u</UploadId>"
      "<Initiated>1970-01-01T00:00:01Z</Initiated></Upload></ListMultipartUploadsResult>");
  ASSERT_TRUE(uploads);
  ASSERT_EQ(uploads->size(), 1u);
  EXPECT_EQ(uploads->front().initiated_us, 1'000'000);
  EXPECT_FALSE(parse_uploads(
      "<ListMultipartUploadsResult><Upload><Key>k</Key></Upload></ListMultipartUploadsResult>"));
}

TEST(S3Xml, Completion) {
  EXPECT_EQ(
      complete_text({{"\"e1\"", "AAAAAA=="}, {"e<2", ""}}),
      "<CompleteMultipartUpload "
      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1</PartNumber>"
      "<ETag>\"e1\"</ETag><ChecksumCRC32C>AAAAAA==</ChecksumCRC32C></Part><Part><PartNumber>2</PartNumber>"
      "<ETag>e&lt;2</ETag></Part></CompleteMultipartUpload>");
  EXPECT_EQ(
      parse_complete("<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>"),
      "\"x-2\"");
  EXPECT_FALSE(parse_complete("<Error><Code>InternalError</Code></Error>"));
  EXPECT_FALSE(parse_complete("<CompleteMultipartUploadResult><ETag>"));
  EXPECT_FALSE(parse_complete(""));
}

}  // namespace
}  // namespace tidemark::sinks::s3
