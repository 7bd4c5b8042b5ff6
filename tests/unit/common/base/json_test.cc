#include "base/json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace tidemark {
namespace {

TEST(Json, EachKindOfValue) {
  Json object;
  EXPECT_TRUE(object.is_null());
  object["null"] = Json();
  object["bool"] = true;
  object["int"] = -1;
  object["largest"] = std::numeric_limits<uint64_t>::max();
  object["smallest"] = std::numeric_limits<int64_t>::min();
  object["double"] = 0.25;
  object["whole"] = 2.0;
  object["infinite"] = std::numeric_limits<double>::infinity();
  object["literal"] = "text";
  object["string"] = std::string("a\0b", 3);
  object["texts"] = std::vector<std::string>{"x", "y"};
  object["counts"] = std::map<std::string, uint64_t>{{"gap", 2}};
  EXPECT_FALSE(object.is_null());
  EXPECT_EQ(
      object.dump(),
      R"({"null":null,"bool":true,"int":-1,"largest":18446744073709551615,"smallest":-9223372036854775808,)"
      R"("double":0.25,"whole":2.0,"infinite":null,"literal":"text","string":"a\u0000b","texts":["x","y"],)"
      R"("counts":{"gap":2}})");
}

TEST(Json, MembersInTheOrderInWhichTheyCame) {
  Json object = {{"z", 1}, {"a", "two"}};
  object["m"] = {{"key", "value"}, {"other", "pair"}};
  object["z"] = 3;
  EXPECT_EQ(object.dump(), R"({"z":3,"a":"two","m":{"key":"value","other":"pair"}})");
}

TEST(Json, UpdateReplacesAndAdds) {
  Json object = {{"a", 1}, {"b", 2}};
  object.update({{"b", "new"}, {"c", 3}});
  EXPECT_EQ(object.dump(), R"({"a":1,"b":"new","c":3})");
  object.update(Json::object());
  EXPECT_EQ(object.dump(), R"({"a":1,"b":"new","c":3})");
}

TEST(Json, Arrays) {
  Json array = Json::array();
  EXPECT_EQ(array.dump(), "[]");
  array.push_back({{"name", "a"}, {"default", "b"}});
  array.push_back(1);
  EXPECT_EQ(array.dump(), R"([{"name":"a","default":"b"},1])");
  Json object;
  object["list"].push_back(1);
  EXPECT_EQ(object.dump(), R"({"list":[1]})");
}

TEST(Json, WhatIsNotUtf8IsReplaced) {
  Json object;
  object["a\xff"] = "\"\xc3\x28\n";
  EXPECT_EQ(object.dump(), "{\"a\xef\xbf\xbd\":\"\\\"\xef\xbf\xbd(\\n\"}");
}

// Empty ones stay on one line.
TEST(Json, IndentedAsTheLibraryDoes) {
  const Json object = {{"none", Json::object()},
                       {"empty", Json::array()},
                       {"list", std::vector<std::string>{"x", "y"}},
                       {"inner", {{"deep", {{"deeper", 1}}}}},
                       {"last", Json()}};
  EXPECT_EQ(object.dump(2), nlohmann::ordered_json::parse(object.dump()).dump(2));
  EXPECT_EQ(object.dump(), nlohmann::ordered_json::parse(object.dump(2)).dump());
}

}  // namespace
}  // namespace tidemark
