#include "http/json.h"

#include <gtest/gtest.h>

namespace tidemark::sinks {
namespace {

bool reads(std::string text) {
  text.shrink_to_fit();  // so that a sanitizer sees what is read beyond its end
  rapidjson::Document document;
  return read_object(&text, &document);
}

TEST(Json, OnlyAnObjectIsRead) {
  EXPECT_TRUE(reads("{}"));
  EXPECT_TRUE(reads("\xEF\xBB\xBF {\"a\": [1, {\"b\": null}]} "));
  for (const char* text : {"", "[1]", "1", "null", "\"a\"", "{", "{}}", "{} x", "{'a': 1}"})
    EXPECT_FALSE(reads(text)) << text;
  EXPECT_FALSE(reads("{\"a\":" + std::string(200'000, '[')));
}

// The library reads on where a text ends in the middle of a character.
TEST(Json, WhatIsNotUtf8IsNotRead) {
  EXPECT_TRUE(reads("{\"a\": \"\xC3\xA4\"}"));
  for (const char* end : {"\xC3", "\xE2\x82", "\xF0\x9F\x8C", "\xC3\"}", "\xFF\"}"})
    EXPECT_FALSE(reads(std::string("{\"a\": \"") + end)) << end;
}

TEST(Json, MembersAreTextsOrNumbers) {
  std::string text =
      R"({"text": "a\u0062", "number": 7, "as_text": "18446744073709551615", "less": -1, "none": null})";
  rapidjson::Document document;
  ASSERT_TRUE(read_object(&text, &document));
  EXPECT_EQ(text_of(document, "text"), "ab");
  EXPECT_EQ(text_of(document, "number"), "");
  EXPECT_EQ(text_of(document, "absent"), "");
  EXPECT_EQ(number_of(document, "number"), 7U);
  EXPECT_EQ(number_of(document, "as_text"), UINT64_MAX);
  for (const char* name : {"text", "less", "none", "absent"}) EXPECT_FALSE(number_of(document, name)) << name;
  EXPECT_EQ(member(*member(document, "none"), "a"), nullptr);
}

}  // namespace
}  // namespace tidemark::sinks
