#include "gs/json.h"

#include <gtest/gtest.h>

namespace tidemark::sinks::gs {
namespace {

constexpr char kObject[] =
    R"({"kind":"storage#object","size":"12","crc32c":"yZRlqg==","updated":"2024-02-29T12:00:00.123Z"})";

TEST(GsJson, AListingThatDoesNotSayHowItContinuesIsNotTheLastPage) {
  const std::string items =
      R"("items":[{"kind":"storage#object","name":"a","size":"1","updated":"2024-01-01T00:00:00Z"}])";
  std::string problem;
  EXPECT_TRUE(parse_list(R"({"kind":"storage#objects",)" + items + "}", &problem)) << problem;
  for (const char* const token : {R"("")", "null", "7", "true", R"(["x"])", R"({"a":1})"}) {
    EXPECT_FALSE(parse_list(
        R"({"kind":"storage#objects","nextPageToken":)" + std::string(token) + "," + items + "}", &problem))
        << token;
    EXPECT_EQ(problem, "a listing that continues, and does not say with what");
  }
}

TEST(GsJson, AnObject) {
  const std::optional<StoredObject> object = parse_object(kObject);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->size_bytes, 12u);
  EXPECT_EQ(object->crc32c, "yZRlqg==");
  EXPECT_EQ(object->modified_us, 1709208000123000);
  EXPECT_TRUE(parse_object(std::string("\xEF\xBB\xBF") + kObject)) << "with a byte-order mark";
}

TEST(GsJson, WhatIsNoObject) {
  const std::string text = kObject;
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_object(text.substr(0, size))) << "cut at " << size;
  }
  for (const char* other : {"{}", "[]", "null", R"({"kind":"storage#objects","size":"1"})",
                            R"({"kind":"storage#object","size":"-1","updated":"2024-02-29T12:00:00Z"})",
                            R"({"kind":"storage#object","size":"1x","updated":"2024-02-29T12:00:00Z"})",
                            R"({"kind":"storage#object","size":"1","updated":"yesterday"})",
                            "<html><body>storage#object</body></html>"}) {
    EXPECT_FALSE(parse_object(other)) << other;
  }
}

TEST(GsJson, AListing) {
  std::string problem;
  const std::optional<ListPage> page = parse_list(
      R"({"kind":"storage#objects","nextPageToken":"t","prefixes":["a/","c/"],"items":[
          {"name":"b\u0001","size":"1","updated":"2024-02-29T12:00:00Z"},
          {"name":"\u00e4","size":"2","updated":"2024-02-29T12:00:00Z"}]})",
      &problem);
  ASSERT_TRUE(page) << problem;
  ASSERT_EQ(page->objects.size(), 4u);
  EXPECT_EQ(page->objects[0].key, "a/");
  EXPECT_EQ(page->objects[1].key, "b\x01");
  EXPECT_EQ(page->objects[2].key, "c/");
  EXPECT_EQ(page->objects[3].key, "\xC3\xA4");
  EXPECT_EQ(page->objects[3].size_bytes, 2u);
  EXPECT_TRUE(page->is_truncated);
  EXPECT_EQ(page->next_token, "t");
  const std::optional<ListPage> empty = parse_list(R"({"kind":"storage#objects"})", &problem);
  ASSERT_TRUE(empty);
  EXPECT_FALSE(empty->is_truncated);
}

TEST(GsJson, WhatIsNoListing) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "not a whole"},
      {R"({"kind":"storage#objects","items":[)", "not a whole"},
      {"{}", "not a listing"},
      {R"({"kind":"storage#object"})", "not a listing"},
      {R"({"kind":"storage#objects","items":{}})", "something else"},
      {R"({"kind":"storage#objects","items":[1]})", "something else"},
      {R"({"kind":"storage#objects","items":[{"name":"a","size":"1"}]})", "something else"},
      {R"({"kind":"storage#objects","items":[{"name":"","size":"1","updated":"2024-02-29T12:00:00Z"}]})",
       "something else"},
      {R"({"kind":"storage#objects","prefixes":[""]})", "something else"},
      {R"({"kind":"storage#objects","prefixes":"a/"})", "something else"}};
  for (const auto& [text, words] : wrong) {
    std::string problem;
    EXPECT_FALSE(parse_list(text, &problem)) << text;
    EXPECT_NE(problem.find(words), std::string::npos) << text << ": " << problem;
  }
}

TEST(GsJson, AnError) {
  const std::optional<ServiceError> error = parse_error(
      R"({"error":{"code":412,"message":"m","errors":[{"message":"m","domain":"global","reason":"conditionNotMet"}]}})");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->reason, "conditionNotMet");
  EXPECT_EQ(error->message, "m");
  EXPECT_TRUE(parse_error(R"({"error":{"code":500}})"));
  for (const char* other :
       {"", "{}", R"({"error":"x"})", R"({"error":{"message":"m"}})", "<html>", "Not Found"}) {
    EXPECT_FALSE(parse_error(other)) << other;
  }
  EXPECT_FALSE(parse_error(std::string(500'000, '['))) << "no stack is used up";
}

}  // namespace
}  // namespace tidemark::sinks::gs
