// One level of the tree of keys, for sinks that tell it without what lies below.
#include <tidemark/draft/list_folders.h>

#include <algorithm>
#include <set>
#include <thread>

#include "harness.h"

namespace conformance {
namespace {

class ListFolders : public SinkTest {
 protected:
  void SetUp() override {
    const tidemark_sink_api* api = config().api;
    if (TIDEMARK_HAS(api, tidemark_sink_api, get_extension) && api->get_extension != nullptr) {
      folders_ = static_cast<const tidemark_draft_list_folders_api*>(
          api->get_extension(sink_.handle(), TIDEMARK_EXT_DRAFT_LIST_FOLDERS));
    }
    if (folders_ == nullptr) GTEST_SKIP() << "lists everything";
  }
  void fill(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (refused_as(key(name)) != nullptr) continue;
      ASSERT_STATUS(sink_.put(key(name), name), TIDEMARK_OK);
      all_.insert(key(name));
    }
  }
  // What list gives, cut after the first '/' that follows the prefix, each once.
  std::vector<std::string> expected(std::string_view prefix, std::string_view after) const {
    std::vector<std::string> level;
    for (const std::string& key : all_) {
      if (!key.starts_with(prefix)) continue;
      const size_t slash = key.find('/', prefix.size());
      const std::string name = key.substr(0, slash == std::string::npos ? slash : slash + 1);
      if (name > after && (level.empty() || level.back() != name)) level.push_back(name);
    }
    return level;
  }
  using Visit = std::function<bool(std::string_view, const tidemark_object&)>;
  Outcome list(std::string_view prefix, std::string_view after, const Visit& visit,
               const tidemark_call* call = nullptr) const {
    Outcome outcome;
    outcome.status = folders_->list_folders(
        sink_.handle(), str(prefix), str(after),
        [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
          return (*static_cast<const Visit*>(ctx))(view(key), *object) ? 0 : 1;
        },
        const_cast<void*>(static_cast<const void*>(&visit)), call, &outcome.error);
    return outcome;
  }
  // OK, or a sink that cannot with this store: then nothing else is asked of it.
  bool is_taken(const Outcome& outcome) const {
    if (outcome.status != TIDEMARK_E_UNSUPPORTED) return true;
    EXPECT_STATUS(outcome, TIDEMARK_E_UNSUPPORTED);
    std::cout << "not with this store: " << outcome.message() << "\n";
    return false;
  }
  std::vector<std::string> names(std::string_view prefix, std::string_view after = {}) const {
    std::vector<std::string> found;
    const Outcome outcome = list(prefix, after, [&](std::string_view name, const tidemark_object&) {
      found.emplace_back(name);
      return true;
    });
    EXPECT_STATUS(outcome, TIDEMARK_OK);
    return found;
  }
  bool can_with_this_store() const {
    return is_taken(list(prefix_, "", [](std::string_view, const tidemark_object&) { return true; }));
  }

  std::set<std::string> all_;
  const tidemark_draft_list_folders_api* folders_ = nullptr;
};

TEST_F(ListFolders, IsAWholeTable) {
  ASSERT_TRUE(TIDEMARK_HAS(folders_, tidemark_draft_list_folders_api, list_folders));
  ASSERT_NE(folders_->list_folders, nullptr);
  EXPECT_GE(folders_->page_keys, 1u);
  EXPECT_EQ(config().api->get_extension(sink_.handle(), "tidemark.draft.list_folders/0"), nullptr);
}

// '-' and '.' come before '/', '0' after it: a folder has its place among objects by its name with '/'.
TEST_F(ListFolders, ByteOrderForEveryPrefixAndStart) {
  if (!can_with_this_store()) return;
  fill({"a-",         "a.b/x", "a.b/y/z",    "a/b/1", "a/b-",    "a/c",         "a/c0/d/e",
        "a0",         "a1/a",  "b/\xC3\xA9", "b/z",   "c/d/e/f", "c/d/e/g/h/i", "\xC3\xA9/1",
        "\xC3\xA9/2", "a b/1", "a+b/1",      "a%b/1", "a&b/1",   "zz/1"});
  std::vector<std::string> starts = {"", prefix_};
  for (const char* text :
       {"a",          "a-",        "a.b",   "a.b/",     "a.b/x", "a.b/y/", "a.b/\x7F", "a/",
        "a/b",        "a/b/",      "a/b/1", "a/b/\xFF", "a/c0",  "a0",     "b",        "b/",
        "c/d/",       "c/d/e/g/h", "zz",    "zz/",      "zz/2",  "\xC3",   "\xC3\xA9", "\xC3\xA9/",
        "\xC3\xA9/1", "\xFF",      "/",     "..",       "a//"}) {
    starts.push_back(key(text));
  }
  for (const std::string& prefix : starts) {
    if (!prefix.starts_with(prefix_)) continue;
    for (const std::string& after : starts)
      EXPECT_EQ(names(prefix, after), expected(prefix, after)) << "prefix " << prefix << " after " << after;
    EXPECT_EQ(names(prefix, "\xFF"), std::vector<std::string>());
    EXPECT_EQ(names(prefix, "!"), expected(prefix, "!"));
  }
  // The folder above is one of many; what lies in it does not come.
  const std::string own = prefix_;
  bool is_there = false;
  EXPECT_STATUS(list("conformance-", "",
                     [&](std::string_view name, const tidemark_object&) {
                       EXPECT_FALSE(name.starts_with(own) && name != own) << name;
                       is_there = is_there || name == own;
                       return true;
                     }),
                TIDEMARK_OK);
  EXPECT_TRUE(is_there);
}

TEST_F(ListFolders, ObjectsHaveTheirSizeAndFoldersNone) {
  if (!can_with_this_store()) return;
  fill({"a/1", "b", "c/d/1"});
  std::vector<uint64_t> sizes;
  EXPECT_STATUS(list(prefix_, "",
                     [&](std::string_view name, const tidemark_object& object) {
                       EXPECT_GE(object.struct_size, sizeof(tidemark_object));
                       EXPECT_EQ(object.flags, 0u);
                       EXPECT_EQ(object.modified_us > 0, !name.ends_with('/')) << name;
                       sizes.push_back(object.size_bytes);
                       return true;
                     }),
                TIDEMARK_OK);
  EXPECT_EQ(sizes, (std::vector<uint64_t>{0, 1, 0}));
}

TEST_F(ListFolders, NothingThere) {
  if (!can_with_this_store()) return;
  fill({"a"});
  for (const char* prefix : {"no/such/", "no", "a/"}) {
    EXPECT_EQ(names(key(prefix)), std::vector<std::string>()) << prefix;
  }
  for (const char* prefix : {"/", "../", ".", "//", "conformance//"}) {
    EXPECT_EQ(names(prefix), std::vector<std::string>()) << prefix;
  }
}

TEST_F(ListFolders, StopsWhenTold) {
  if (!can_with_this_store()) return;
  fill({"a/1", "b", "c/1", "d/1"});
  std::vector<std::string> seen;
  EXPECT_STATUS(list(prefix_, "",
                     [&](std::string_view name, const tidemark_object&) {
                       seen.emplace_back(name);
                       return seen.size() < 2;
                     }),
                TIDEMARK_OK);
  EXPECT_EQ(seen, (std::vector<std::string>{key("a/"), key("b")}));
}

TEST_F(ListFolders, ManyFoldersWithMuchInThem) {
  if (!can_with_this_store()) return;
  const int count = many_objects();
  std::atomic<int> next{0};
  const auto each = [&](const auto& work) {
    next = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = next++; i < count; i = next++)
          work(key(std::to_string(i / 2) + "/" + std::to_string(i)));
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  each([&](const std::string& name) { EXPECT_STATUS(sink_.put(name, "x"), TIDEMARK_OK); });
  for (int i = 0; i < count; ++i) all_.insert(key(std::to_string(i / 2) + "/" + std::to_string(i)));
  EXPECT_EQ(names(prefix_), expected(prefix_, ""));
  const std::string late = std::to_string(count * 7 / 25) + "/";
  EXPECT_EQ(names(prefix_, key(late)), expected(prefix_, key(late)));
  EXPECT_EQ(names(key("1")), expected(key("1"), ""));
  Cancel cancel;
  const Outcome cancelled = list(
      prefix_, "",
      [&](std::string_view, const tidemark_object&) {
        cancel.now();
        return true;
      },
      cancel.call());
  EXPECT_STATUS(cancelled, TIDEMARK_E_CANCELLED);
  each([&](const std::string& name) { EXPECT_STATUS(sink_.remove(name), TIDEMARK_OK); });
}

TEST_F(ListFolders, AReaderMayAndACarelessCallerGetsAnAnswer) {
  if (!can_with_this_store()) return;
  fill({"a/1"});
  const OpenSink reader(/*reads_only=*/true);
  std::vector<std::string> found;
  const auto keep = [](void* ctx, tidemark_str name, const tidemark_object*) -> int32_t {
    static_cast<std::vector<std::string>*>(ctx)->emplace_back(view(name));
    return 0;
  };
  EXPECT_EQ(folders_->list_folders(reader.handle(), str(prefix_), str(""), keep, &found, nullptr, nullptr),
            TIDEMARK_OK);
  if (keeps_bodies()) {  // a null sink has forgotten all
    EXPECT_EQ(found, std::vector<std::string>{key("a/")});
  }
  EXPECT_EQ(folders_->list_folders(sink_.handle(), str(prefix_), str(""), nullptr, nullptr, nullptr, nullptr),
            TIDEMARK_E_INVALID);
  EXPECT_EQ(folders_->list_folders(nullptr, str(prefix_), str(""), keep, &found, nullptr, nullptr),
            TIDEMARK_E_INVALID);
}

}  // namespace
}  // namespace conformance
