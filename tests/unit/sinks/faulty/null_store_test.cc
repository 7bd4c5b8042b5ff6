#include "faulty/null_store.h"

#include <random>
#include <set>
#include <thread>

#include "faulty/null_sink.h"
#include "fixture.h"

namespace tidemark::sinks::faulty {
namespace {

TEST(NullSink, KeepsTheEndOnly) {
  NullSink sink(10);
  std::string bytes(2000, 'x');
  bytes += "footer";
  bytes.resize(2100, '\0');  // the NULs are not stored, but come back
  TestSource source{bytes, 300};
  const Call call(nullptr, nullptr);
  ASSERT_TRUE(sink.put("a/b", Source(source.get(), call), 0, call));
  std::string got;
  ASSERT_TRUE(get(sink, "a/b", &got, {-512, UINT64_MAX}));
  EXPECT_EQ(got, bytes.substr(bytes.size() - 512));
  got.clear();
  const Status whole = get(sink, "a/b", &got);
  EXPECT_EQ(status_of(whole), TIDEMARK_E_UNSUPPORTED);
  EXPECT_NE(whole.error().message.find("512"), std::string::npos);
  EXPECT_EQ(sink.head("a/b", call)->size_bytes, 2100u);
}

TEST(NullSink, MaxObjects) {
  NullSink sink(3);
  for (const char* key : {"a", "b/c", "d/e/f"}) ASSERT_TRUE(put(sink, key, "x"));
  const Status full = put(sink, "g", "x");
  EXPECT_EQ(status_of(full), TIDEMARK_E_NO_SPACE);
  EXPECT_NE(full.error().message.find("max_objects=3"), std::string::npos);
  EXPECT_TRUE(put(sink, "a", "replaced"));
  ASSERT_TRUE(sink.remove("a", Call(nullptr, nullptr)));
  EXPECT_TRUE(put(sink, "g", "x"));
  EXPECT_EQ(list(sink), (std::vector<std::string>{"b/c", "d/e/f", "g"}));
}

TEST(NullSink, DirectoriesAreBoundedToo) {
  NullSink sink(1);
  Status status;
  int rounds = 0;
  for (; rounds < 5000 && status; ++rounds) {
    status = put(sink, "d" + std::to_string(rounds) + "/a", "x");
    ASSERT_TRUE(sink.remove("d" + std::to_string(rounds) + "/a", Call(nullptr, nullptr)));
  }
  EXPECT_LT(rounds, 5000);
  EXPECT_EQ(status_of(status), TIDEMARK_E_NO_SPACE);
}

// Pages hold 512 entries, so these directories take several.
TEST(NullSink, ListsLikeASortedSet) {
  NullSink sink(100'000);
  std::mt19937 random(1);
  std::set<std::string> all;
  for (int i = 0; i < 3000; ++i) {
    std::string key = "k" + std::to_string(random() % 900);
    if (i % 2) key += "-";
    if (i % 3) key += "/" + std::to_string(random() % 5);
    all.insert(key);
    ASSERT_TRUE(put(sink, key, "x"));
  }
  EXPECT_EQ(list(sink), std::vector<std::string>(all.begin(), all.end()));
  for (int i = 0; i < 300; ++i) {
    std::string after = *std::next(all.begin(), static_cast<ptrdiff_t>(random() % all.size()));
    if (i % 3 == 1) after.pop_back();
    if (i % 3 == 2) after += "!";
    const std::string prefix = i % 2 ? "k" + std::to_string(random() % 90) : "";
    std::vector<std::string> expected;
    for (auto key = all.upper_bound(after); key != all.end(); ++key) {
      if (key->starts_with(prefix)) expected.push_back(*key);
    }
    ASSERT_EQ(list(sink, prefix, after), expected) << prefix << " after " << after;
  }
}

TEST(NullSink, AFinishedPutIsListed) {
  NullSink sink(100'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string key = "d" + std::to_string(i) + "/e/" + std::to_string(t);
        ASSERT_TRUE(put(sink, key, "x"));
        std::vector<std::string> seen = list(sink, "d" + std::to_string(i));
        ASSERT_TRUE(std::find(seen.begin(), seen.end(), key) != seen.end()) << key;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace tidemark::sinks::faulty
