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

// Another answer of the same store would be the same: an operator has to act.
TEST(S3Xml, AWholeListThatMakesNoSenseIsAskedForOnce) {
  for (const std::string& text :
       {page("", "<IsTruncated>perhaps</IsTruncated>"), page("<Contents><Size>1</Size></Contents>"),
        page(object("a", "many")), std::string("<ListAllMyBucketsResult/>")}) {
    const Result<ListPage> list = parse_list(text);
    ASSERT_FALSE(list) << text;
    EXPECT_EQ(list.error().status, TIDEMARK_E_PERMANENT) << text;
  }
  EXPECT_NE(parse_list("<ListAllMyBucketsResult/>").error().message.find("path_style"), std::string::npos);
  const Result<ListPage> html = parse_list("<html></html>");
  EXPECT_EQ(html.error().status, TIDEMARK_E_RETRYABLE) << "somebody on the way, who may go away";
  EXPECT_NE(html.error().message.find("an HTML page"), std::string::npos) << html.error().message;
}

TEST(S3Xml, APageOfSomethingElseOrWithoutAWayOnIsNotWhole) {
  const std::string of_a = page("<Prefix>a%2F+b</Prefix>");
  EXPECT_TRUE(parse_list(of_a, "a/ b"));
  EXPECT_TRUE(parse_list(of_a, "a/+b"));
  EXPECT_TRUE(parse_list(page("<Prefix/>"), "a/")) << "some do not repeat it";
  for (const Result<ListPage>& list : {parse_list(of_a, "b/"), parse_list(of_a, ""),
                                       parse_list(page("", "<IsTruncated>true</IsTruncated>"))}) {
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().status, TIDEMARK_E_RETRYABLE) << list.error().message;
  }
}

TEST(S3Xml, ListsAsOthersWriteThem) {
  const std::string one = object("a");
  EXPECT_FALSE(parse_list(page(one, ""))->is_truncated) << "not said";
  EXPECT_FALSE(parse_list(page(one, ""))->says_end);
  EXPECT_TRUE(parse_list(page(one))->says_end);
  EXPECT_TRUE(parse_list(page(one, "<NextContinuationToken>t</NextContinuationToken>"))->is_truncated);
  EXPECT_FALSE(parse_list(page(one, "<IsTruncated>False</IsTruncated>"))->is_truncated);
  EXPECT_TRUE(parse_list(page(one, "<IsTruncated> TRUE\n</IsTruncated>"))->is_truncated) << "without a token";
  EXPECT_EQ(parse_list("\xEF\xBB\xBF \r\n" + page(one))->objects.size(), 1u);
  const Result<ListPage> prefixed = parse_list(
      "<s3:ListBucketResult xmlns:s3=\"x\"><s3:Contents><s3:Key>a</s3:Key><s3:LastModified>"
      "2026-11-25T03:00:00Z</s3:LastModified><s3:Size>7</s3:Size></s3:Contents><s3:IsTruncated>true"
      "</s3:IsTruncated><s3:NextContinuationToken>t</s3:NextContinuationToken></s3:ListBucketResult>");
  ASSERT_TRUE(prefixed) << prefixed.error().message;
  EXPECT_EQ(prefixed->objects.at(0).size_bytes, 7u);
  EXPECT_EQ(prefixed->next_token, "t");
}

// What was asked for tells how the answer is to be read.
TEST(S3Xml, EachStoresIdeaOfEncodingTypeUrl) {
  const std::string said = "<EncodingType>url</EncodingType>";
  const auto keys = [](const std::string& text, const std::string& prefix) {
    std::string all;
    const Result<ListPage> list = parse_list(text, prefix);
    if (!list) return list.error().message;
    for (const ListedObject& one : list->objects) all += one.key + "|";
    return all;
  };
  struct {
    const char *prefix, *form, *percent;
  } cases[] = {{"a+b/", "a%2Bb/", "a+b/"}, {"a b/", "a+b/", "a%20b/"}, {"a%41/", "a%2541/", "a%2541/"}};
  for (const auto& one : cases) {
    const std::string prefix = one.prefix, expected = prefix + "x|" + prefix + "y|";
    for (const std::string& begin : {std::string(one.form), std::string(one.percent)}) {
      const std::string listed = object(begin + "x") + object(begin + "y");
      EXPECT_EQ(keys(page(said + listed), prefix), expected) << begin;
      EXPECT_EQ(keys(page(listed), prefix), expected) << begin << ", which it does not say";
    }
    const std::string raw = object(prefix + "x") + object(prefix + "y");
    EXPECT_EQ(keys(page(raw), prefix), expected);
    EXPECT_EQ(keys(page(said + raw), prefix), expected) << "it says so, and does not";
  }
  EXPECT_EQ(keys(page(said + object("p/a%zz")), "p/"), "p/a%zz|");
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
  const Result<UploadsPage> uploads = parse_uploads(
      "<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>u</UploadId>"
      "<Initiated>1970-01-01T00:00:01Z</Initiated></Upload></ListMultipartUploadsResult>");
  ASSERT_TRUE(uploads);
  ASSERT_EQ(uploads->uploads.size(), 1u);
  EXPECT_EQ(uploads->uploads.front().initiated_us, 1'000'000);
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

TEST(S3Xml, Removals) {
  EXPECT_EQ(delete_text({"a/1", " <&>\"' "}),
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a/1</Key></Object>"
            "<Object><Key> &lt;&amp;&gt;\"' </Key></Object><Quiet>false</Quiet></Delete>");
  const std::optional<Removals> removals = parse_delete(
      "<DeleteResult><Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker></Deleted><Deleted><Key> </Key>"
      "</Deleted><Error><Key>b</Key><Code>NoSuchKey</Code></Error><Error><Key>c&amp;</Key>"
      "<Code>AccessDenied</Code><Message>m</Message></Error><Deleted><Key>d</Key></Deleted><Error>"
      "<Key>d</Key><Code>InternalError</Code></Error><New/></DeleteResult>");
  ASSERT_TRUE(removals);
  EXPECT_EQ(removals->gone, (std::set<std::string, std::less<>>{"a", " ", "b"}));
  ASSERT_EQ(removals->refused.size(), 2u);
  EXPECT_EQ(removals->refused.at("c&").code, "AccessDenied");
  EXPECT_EQ(removals->refused.at("c&").message, "m");
  EXPECT_EQ(removals->refused.at("d").code, "InternalError");
  EXPECT_TRUE(parse_delete("<DeleteResult/>")->gone.empty());
  for (const char* other : {"", "<html/>", "<DeleteResult><Deleted><Key>a</Key></Deleted>", "<Error/>"}) {
    EXPECT_FALSE(parse_delete(other)) << other;
  }
}

}  // namespace
}  // namespace tidemark::sinks::s3
