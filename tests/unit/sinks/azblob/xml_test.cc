#include "azblob/xml.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::azblob {
namespace {

std::string page(const std::string& blobs, const std::string& marker = "") {
  return "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"x\" "
         "ContainerName=\"c\"><Blobs>" +
         blobs + "</Blobs><NextMarker>" + marker + "</NextMarker></EnumerationResults>";
}
std::string blob(const std::string& name, const std::string& more = "") {
  return "<Blob>" + name +
         "<Properties><Last-Modified>Wed, 25 Nov 2026 03:00:00 GMT</Last-Modified><Content-Length>5</"
         "Content-Length>" +
         more + "</Properties></Blob>";
}

TEST(AzblobXml, ListsBlobsAndFolders) {
  const Result<ListPage> list =
      parse_list(page(blob("<Name>a/b &amp;c</Name>") + "<BlobPrefix><Name>d/</Name></BlobPrefix>" +
                          blob("<Name Encoded=\"true\">e%EF%BF%BE%25</Name>"),
                      "2!next"));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->objects.size(), 3u);
  EXPECT_EQ(list->objects[0].key, "a/b &c");
  EXPECT_EQ(list->objects[0].size_bytes, 5u);
  EXPECT_EQ(list->objects[0].modified_us, 1795575600000000);
  EXPECT_EQ(list->objects[1].key, "d/");
  EXPECT_EQ(list->objects[2].key, "e\xEF\xBF\xBE%");
  EXPECT_EQ(list->next_token, "2!next");
  EXPECT_TRUE(list->is_truncated);
  EXPECT_FALSE(parse_list(page(""))->is_truncated);
}

// As Azurite has it.
TEST(AzblobXml, FoldersThatComeFirstArePutInTheirPlace) {
  const Result<ListPage> list = parse_list(
      page("<BlobPrefix><Name>b/</Name></BlobPrefix><BlobPrefix><Name>d/</Name></BlobPrefix>" +
           blob("<Name>a</Name>") + blob("<Name>c</Name>") + blob("<Name>\xF0\x9F\x8C\x8A</Name>")));
  ASSERT_TRUE(list) << list.error().message;
  std::string names;
  for (const ListedObject& one : list->objects) names += one.key + " ";
  EXPECT_EQ(names, "a b/ c d/ ");
}

TEST(AzblobXml, DirectoriesAreLeftOut) {
  const Result<ListPage> list = parse_list(
      page(blob("<Name>a</Name>", "<ResourceType>directory</ResourceType>") +
           "<Blob><Name>b</Name><Properties/><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>" +
           blob("<Name>c</Name>", "<ResourceType>file</ResourceType>")));
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->objects.size(), 1u);
  EXPECT_EQ(list->objects[0].key, "c");
}

TEST(AzblobXml, WhatIsNoListing) {
  for (const char* text :
       {"", "<html></html>", "<EnumerationResults><Blobs>", "<Error><Code>x</Code></Error>"}) {
    const Result<ListPage> list = parse_list(text);
    ASSERT_FALSE(list) << text;
    EXPECT_EQ(list.error().status, TIDEMARK_E_RETRYABLE) << text;
  }
  for (const std::string& text :
       {std::string("<EnumerationResults><Containers/></EnumerationResults>"), page(blob("")),
        page("<Blob><Name>a</Name></Blob>"), page(blob("<Name Encoded=\"true\">%zz</Name>"))}) {
    const Result<ListPage> list = parse_list(text);
    ASSERT_FALSE(list) << text;
    EXPECT_EQ(list.error().status, TIDEMARK_E_PERMANENT) << text;
  }
}

// Azure sends the element on the last page, too, with nothing in it: who takes it away takes away the rest.
TEST(AzblobXml, APageThatDoesNotSayWhetherMoreComesIsNotWhole) {
  std::string text = page(blob("<Name>a</Name>"));
  const std::string end = "<NextMarker></NextMarker>";
  text.erase(text.find(end), end.size());
  const Result<ListPage> list = parse_list(text);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_NE(list.error().message.find("NextMarker"), std::string::npos) << list.error().message;
  const std::string closed = text.replace(text.find("</Enum"), 0, "<NextMarker/>");
  EXPECT_FALSE(parse_list(closed)->is_truncated);
  const Result<ListPage> odd = parse_list(page(blob("<Name>a</Name>"), "<x>abc</x>"));
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().status, TIDEMARK_E_RETRYABLE);
}

TEST(AzblobXml, APageOfSomethingElseIsNoAnswer) {
  const std::string of_a = page("", "").insert(page("", "").find("<Blobs>"), "<Prefix>a/&amp;</Prefix>");
  EXPECT_TRUE(parse_list(of_a, "c", "a/&")) << "of a container and a prefix that were asked for";
  EXPECT_TRUE(parse_list(page(""), "c", "a/&")) << "the prefix may be left out";
  for (const Result<ListPage>& list :
       {parse_list(of_a, "c", "b/"), parse_list(of_a, "c", ""), parse_list(of_a, "d", "a/&")}) {
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().status, TIDEMARK_E_RETRYABLE);
    EXPECT_NE(list.error().message.find("was asked for"), std::string::npos) << list.error().message;
  }
}

TEST(AzblobXml, BlockLists) {
  EXPECT_EQ(
      block_list_text({"YQ==", "Yg=="}),
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><Uncommitted>YQ==</Uncommitted><Uncommitted>"
      "Yg==</Uncommitted></BlockList>");
  EXPECT_EQ(block_list_text({}), "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList/>");
}

}  // namespace
}  // namespace tidemark::sinks::azblob
