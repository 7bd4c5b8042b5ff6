#include "http/xml.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

TEST(HttpXml, AMarkAndBlanksBeforeTheDocumentAreSkipped) {
  const std::string plain = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>Busy</Code></Error>";
  for (const std::string& text : {plain, std::string(kMark) + plain, "\r\n " + std::string(kMark) + plain}) {
    const XmlDocument document(text);
    ASSERT_TRUE(document.is("Error")) << text;
    EXPECT_EQ(value(document.root, "Code"), "Busy");
    EXPECT_EQ(root_name(text), "Error");
    EXPECT_EQ(what_it_is(text), "<Error>");
  }
  EXPECT_EQ(what_it_is(kMark), "nothing");
}

TEST(HttpXml, WhatIsNotWholeHasNoRoot) {
  for (const char* text : {"", "  ", "text", "<Error><Code>Busy</Code>", "<Error", "<a></b>"}) {
    EXPECT_FALSE(XmlDocument(text).root) << text;
    EXPECT_EQ(root_name(text), "") << text;
  }
  EXPECT_EQ(what_it_is("<Error><Code>"), "incomplete XML");
  EXPECT_EQ(what_it_is("404 page not found"), "text that is not XML");
  EXPECT_EQ(what_it_is(" <!DOCTYPE html><html>"), "an HTML page");
}

TEST(HttpXml, NamesAreReadWithoutTheirPrefix) {
  const XmlDocument document("<x:List><x:Key> </x:Key><Key>b</Key></x:List>");
  ASSERT_TRUE(document.is("List"));
  EXPECT_EQ(value(document.root, "Key"), " ");
  EXPECT_EQ(value(document.root, "None"), "");
  EXPECT_FALSE(child(document.root, "None"));
}

TEST(HttpXml, TextsAreEscaped) {
  pugi::xml_document document;
  document.append_child("List").append_child("Key").text().set("a<b>&\"c");
  EXPECT_EQ(text_of(document), "<List><Key>a&lt;b&gt;&amp;\"c</Key></List>");
  EXPECT_EQ(lower_trimmed(" \tTrUe\r\n"), "true");
}

}  // namespace
}  // namespace tidemark::sinks
