// list: byte order of whole keys, prefixes, start_after, stopping, many keys.
#include <algorithm>
#include <set>
#include <thread>

#include "harness.h"

namespace conformance {
namespace {

class List : public SinkTest {
 protected:
  void fill(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (refused_as(key(name)) != nullptr) continue;
      ASSERT_STATUS(sink_.put(key(name), name), TIDEMARK_OK);
      all_.insert(key(name));
    }
  }
  std::vector<std::string> expected(std::string_view prefix, std::string_view after) const {
    std::vector<std::string> keys;
    for (const std::string& key : all_) {  // std::string compares bytes as unsigned ones
      if (key > after && key.starts_with(prefix)) keys.push_back(key);
    }
    return keys;
  }

  std::set<std::string> all_;
};

// '-' and '.' come before '/', '0' behind it: a directory's keys lie between those of its siblings.
const std::vector<std::string> kTree = {
    "a-",    "a",    "a.b/x",      "a.b/y/z", "a/b",    "a/b-", "a/b/c",   "a/b/d/e",       "a/c",
    "a0",    "a0/a", "b/\xC3\xA9", "b/z",     "b/\x01", "b",    "c/d/e/f", "c/d/e/g/h/i/j", "zz/1",
    "a b/1", "a+b",  "a%b",
};

TEST_F(List, ByteOrderForEveryPrefixAndStart) {
  // A key and the same key as a directory cannot both be in a file system.
  std::vector<std::string> names;
  for (const std::string& name : kTree) {
    const bool is_directory = std::any_of(
        kTree.begin(), kTree.end(), [&](const std::string& other) { return other.starts_with(name + "/"); });
    if (!is_directory) names.push_back(name);
  }
  fill(names);
  std::vector<std::string> starts = {"", prefix_, prefix_.substr(0, prefix_.size() - 1)};
  for (const char* text : {"a",
                           "a-",
                           "a.",
                           "a.b",
                           "a.b/",
                           "a.b/x",
                           "a.b/y/",
                           "a/",
                           "a/b",
                           "a/b/",
                           "a/b/c",
                           "a/b/c/",
                           "a/b0",
                           "a/zzz",
                           "a0",
                           "a1",
                           "b",
                           "b/",
                           "b0",
                           "c/d/e/g/h",
                           "c/d/e/g/h/i/j",
                           "c/d/e/g/h/i/j/k",
                           "zz/1",
                           "zz/2",
                           "zzz",
                           "\xFF",
                           "a//",
                           "/",
                           "..",
                           "a/../b"}) {
    starts.push_back(key(text));
  }
  for (const std::string& prefix : starts) {
    if (!prefix.starts_with(prefix_.substr(0, prefix_.size() - 1))) continue;  // not ours alone
    for (const std::string& after : starts) {
      EXPECT_EQ(sink_.keys(prefix, after), expected(prefix, after))
          << "prefix " << prefix << " after " << after;
    }
    EXPECT_EQ(sink_.keys(prefix, "\xFF"), std::vector<std::string>());
    EXPECT_EQ(sink_.keys(prefix, "!"), expected(prefix, "!"));
  }
}

TEST_F(List, GivesSizes) {
  fill({"a/1", "a/22", "b"});
  std::vector<uint64_t> sizes;
  ASSERT_STATUS(sink_.list(prefix_, "",
                           [&](std::string_view, const tidemark_object& object) {
                             EXPECT_GE(object.struct_size, sizeof(tidemark_object));
                             EXPECT_GT(object.modified_us, 0);
                             sizes.push_back(object.size_bytes);
                             return true;
                           }),
                TIDEMARK_OK);
  EXPECT_EQ(sizes, (std::vector<uint64_t>{3, 4, 1}));
}

TEST_F(List, NothingThere) {
  EXPECT_EQ(sink_.keys(key("no/such/")), std::vector<std::string>());
  EXPECT_EQ(sink_.keys(key("no")), std::vector<std::string>());
  ASSERT_STATUS(sink_.put(key("a"), "x"), TIDEMARK_OK);
  EXPECT_EQ(sink_.keys(key("a/")), std::vector<std::string>());
  for (const char* prefix : {"/", "../", ".", "//", "conformance//"}) {
    EXPECT_EQ(sink_.keys(prefix), std::vector<std::string>()) << prefix;
  }
}

TEST_F(List, StopsWhenTold) {
  fill({"a/1", "a/2", "a/3", "b/1"});
  std::vector<std::string> seen;
  EXPECT_STATUS(sink_.list(prefix_, "",
                           [&](std::string_view name, const tidemark_object&) {
                             seen.emplace_back(name);
                             return seen.size() < 2;
                           }),
                TIDEMARK_OK);
  EXPECT_EQ(seen, (std::vector<std::string>{key("a/1"), key("a/2")}));
}

TEST_F(List, VisitorMayUseTheSink) {
  fill({"a/1", "a/2", "b/1", "b/2"});
  EXPECT_STATUS(sink_.list(prefix_, "",
                           [&](std::string_view name, const tidemark_object&) {
                             const std::string copy(name);
                             EXPECT_STATUS(sink_.remove(copy), TIDEMARK_OK);
                             return true;
                           }),
                TIDEMARK_OK);
  EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
}

TEST_F(List, ManyKeys) {
  const int count = many_objects();
  std::atomic<int> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        EXPECT_STATUS(sink_.put(key("many/" + std::to_string(i)), "x"), TIDEMARK_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < count; ++i) all_.insert(key("many/" + std::to_string(i)));
  EXPECT_EQ(sink_.keys(prefix_), expected(prefix_, ""));
  EXPECT_EQ(sink_.keys(key("many/1")), expected(key("many/1"), ""));
  const std::string late = "many/" + std::to_string(count * 4 / 5 - 1);
  EXPECT_EQ(sink_.keys(key("many/"), key(late)), expected(key("many/"), key(late)));

  Cancel cancel;
  const Outcome cancelled = sink_.list(
      prefix_, "",
      [&](std::string_view, const tidemark_object&) {
        cancel.now();
        return true;
      },
      cancel.call());
  EXPECT_STATUS(cancelled, TIDEMARK_E_CANCELLED);

  // Cleaning up one by one takes a while; do it as it was made.
  threads.clear();
  next = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = next++; i < count; i = next++) {
        EXPECT_STATUS(sink_.remove(key("many/" + std::to_string(i))), TIDEMARK_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace conformance
