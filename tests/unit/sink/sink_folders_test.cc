// Folders, of sinks that tell them and of sinks that list everything: the same comes out.
#include <gtest/gtest.h>
#include <tidemark/draft/list_folders.h>

#include <cstdio>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sink/fake_table.h"
#include "sink/sink.h"

namespace tidemark::sink {
namespace {

// A sink of names alone. Of what it is asked it notes where each listing begins.
struct Names {
  std::set<std::string> keys;
  std::set<std::string> irregular;
  std::vector<std::string> lists, folder_lists;
  size_t visited = 0;
  // With the extension: so many are told before it is UNSUPPORTED.
  std::optional<size_t> refuses_after;
  tidemark_status list_status = TIDEMARK_OK;
} names;

using VisitRaw = int32_t (*)(void*, tidemark_str, const tidemark_object*);

tidemark_status refused(tidemark_status status, tidemark_error* error) {
  std::snprintf(error->message, sizeof error->message, "not here");
  return status;
}

tidemark_status list(tidemark_sink*, tidemark_str prefix, tidemark_str start_after, VisitRaw visit, void* ctx,
                     const tidemark_call*, tidemark_error* error) {
  names.lists.emplace_back(view(start_after));
  if (names.list_status != TIDEMARK_OK) return refused(names.list_status, error);
  for (auto at = names.keys.upper_bound(std::string(view(start_after))); at != names.keys.end(); ++at) {
    if (!at->starts_with(view(prefix))) continue;
    ++names.visited;
    const uint32_t flags = names.irregular.count(*at) > 0 ? TIDEMARK_OBJECT_IRREGULAR : 0;
    const tidemark_object object = {sizeof object, flags, 1, 2};
    if (visit(ctx, abi_str(*at), &object) != 0) return TIDEMARK_OK;
  }
  return TIDEMARK_OK;
}

// What a listing of folders is, in the plainest words.
std::vector<std::string> level(std::string_view prefix, std::string_view after) {
  std::vector<std::string> found;
  for (const std::string& key : names.keys) {
    if (!key.starts_with(prefix)) continue;
    const size_t slash = key.find('/', prefix.size());
    std::string name = key.substr(0, slash == std::string::npos ? slash : slash + 1);
    if (names.irregular.count(name + ".") > 0) name = key;  // a directory that may not be read
    if (name > after && (found.empty() || found.back() != name)) found.push_back(std::move(name));
  }
  return found;
}

tidemark_status list_folders(tidemark_sink*, tidemark_str prefix, tidemark_str start_after, VisitRaw visit,
                             void* ctx, const tidemark_call*, tidemark_error* error) {
  names.folder_lists.emplace_back(view(start_after));
  size_t told = 0;
  for (const std::string& name : level(view(prefix), view(start_after))) {
    if (names.refuses_after && told++ == *names.refuses_after) break;
    const uint32_t flags = names.irregular.count(name) > 0 ? TIDEMARK_OBJECT_IRREGULAR : 0;
    const tidemark_object object = {sizeof object, flags, name.ends_with('/') ? 0u : 1u, 0};
    if (visit(ctx, abi_str(name), &object) != 0) return TIDEMARK_OK;
  }
  return names.refuses_after ? refused(TIDEMARK_E_UNSUPPORTED, error) : TIDEMARK_OK;
}

constexpr tidemark_draft_list_folders_api kFolders = {sizeof kFolders, 500, list_folders};

class SinkFoldersTest : public ::testing::Test {
 protected:
  SinkFoldersTest() {
    names = Names();
    table_ = test::fake_table();
    table_.list = list;
    table_.get_extension = nullptr;
  }
  void offer(const tidemark_draft_list_folders_api* folders = &kFolders) {
    static const tidemark_draft_list_folders_api* offered;
    offered = folders;
    table_.get_extension = [](tidemark_sink*, const char* id) -> const void* {
      return std::string_view(id) == TIDEMARK_EXT_DRAFT_LIST_FOLDERS ? offered : nullptr;
    };
  }
  std::vector<std::string> found(std::string_view prefix, std::string_view after, size_t most = SIZE_MAX) {
    Sink sink(&table_, nullptr, nullptr);
    std::vector<std::string> seen;
    const Status listed = sink.list_folders(
        prefix, after,
        [&](std::string_view key, const ObjectInfo& info) {
          EXPECT_EQ(info.size_bytes, key.ends_with('/') ? 0u : 1u) << key;
          EXPECT_EQ(info.is_irregular, names.irregular.count(std::string(key)) > 0) << key;
          seen.emplace_back(key);
          return seen.size() < most;
        },
        nullptr);
    EXPECT_TRUE(listed) << listed.error().message;
    return seen;
  }
  void fill(const std::string& folder, int count) {
    for (int i = 0; i < count; ++i) names.keys.insert(folder + std::to_string(100'000 + i));
  }

  tidemark_sink_api table_;
};

const char* const kKeys[] = {"README",   "db-",           "db/1/a",   "db/1/b",        "db/10/a",
                             "db/2/x/y", "db/2/\xC3\xA9", "db/loose", "db/\xC3\xA9/1", "db/\xC3\xA9/2",
                             "e",        "other/3/a"};

TEST_F(SinkFoldersTest, WhateverTheSinkOffersTheSameIsFound) {
  for (const char* key : kKeys) names.keys.insert(key);
  names.keys.insert("db/5/.");
  names.irregular = {"db/5/.", "db/loose"};
  const std::vector<std::string> starts = {"",       "db",      "db/",       "db/1",   "db/1/",
                                           "db/1/a", "db/2/x/", "db/2/\xFF", "db/5/a", "db/\xC3\xA9/1",
                                           "other/", "\xFF"};
  for (const char* prefix : {"", "db/", "db/1", "db/2/", "none/"}) {
    for (const std::string& after : starts) {
      const std::string where = std::string(prefix) + " after " + after;
      table_.get_extension = nullptr;
      EXPECT_EQ(found(prefix, after), level(prefix, after)) << where;
      offer();
      names.refuses_after.reset();
      EXPECT_EQ(found(prefix, after), level(prefix, after)) << where;
      for (const size_t told : {0, 1, 2, 3}) {
        names.refuses_after = told;
        EXPECT_EQ(found(prefix, after), level(prefix, after)) << where << ", refused after " << told;
      }
    }
  }
}

TEST_F(SinkFoldersTest, NothingIsListedWhereFoldersAreTold) {
  fill("db/1/", 50);
  offer();
  EXPECT_EQ(found("db/", ""), std::vector<std::string>{"db/1/"});
  EXPECT_EQ(names.lists.size(), 0u);
  Sink sink(&table_, nullptr, nullptr);
  EXPECT_TRUE(sink.lists_in_pages());
  const tidemark_draft_list_folders_api one = {sizeof one, 1, list_folders};
  offer(&one);
  EXPECT_FALSE(Sink(&table_, nullptr, nullptr).lists_in_pages());
}

TEST_F(SinkFoldersTest, ATableThatIsNotWholeIsNone) {
  fill("db/1/", 1);
  const tidemark_draft_list_folders_api odd[] = {
      {offsetof(tidemark_draft_list_folders_api, list_folders), 1, list_folders},
      {sizeof kFolders, 0, list_folders},
      {sizeof kFolders, 1, nullptr}};
  for (const auto& folders : odd) {
    offer(&folders);
    EXPECT_EQ(found("db/", ""), std::vector<std::string>{"db/1/"});
    EXPECT_EQ(names.folder_lists.size(), 0u);
  }
}

// Small folders are walked through, large ones are jumped over.
TEST_F(SinkFoldersTest, WithoutItMostOfALargeFolderIsNotListed) {
  for (int i = 0; i < 30; ++i) fill("db/" + std::to_string(10 + i) + "/", 20);
  EXPECT_EQ(found("db/", "").size(), 30u);
  EXPECT_EQ(names.lists.size(), 1u);
  fill("db/20/", 50'000);
  fill("db/21/", 50'000);
  names.lists.clear();
  names.visited = 0;
  EXPECT_EQ(found("db/", "").size(), 30u);
  EXPECT_EQ(names.lists, (std::vector<std::string>{"", "db/20/\x7F", "db/21/\x7F"}));
  EXPECT_LT(names.visited, 4000u);
  // What comes after the place that is jumped to is passed over, however much it is.
  for (int i = 0; i < 5000; ++i) names.keys.insert("db/20/\xC3\xA9" + std::to_string(i));
  names.lists.clear();
  EXPECT_EQ(found("db/", "").size(), 30u);
  EXPECT_EQ(names.lists.size(), 3u);
}

TEST_F(SinkFoldersTest, TheVisitorEndsIt) {
  for (const char* key : kKeys) names.keys.insert(key);
  const std::vector<std::string> all = level("db/", "");
  for (const bool is_offered : {false, true}) {
    if (is_offered) offer();
    for (size_t most = 1; most < all.size(); ++most) {
      EXPECT_EQ(found("db/", "", most),
                std::vector<std::string>(all.begin(), all.begin() + static_cast<ptrdiff_t>(most)));
    }
  }
}

TEST_F(SinkFoldersTest, ErrorsArePassedOn) {
  names.list_status = TIDEMARK_E_RETRYABLE;
  Sink sink(&table_, nullptr, nullptr);
  const auto ignore = [](std::string_view, const ObjectInfo&) { return true; };
  const Status failed = sink.list_folders("db/", "", ignore, nullptr);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(failed.error().message, "list db/: not here");
  const tidemark_call cancelled = {sizeof cancelled, 0, nullptr, [](void*) -> int32_t { return 1; }};
  const Status stopped = sink.list_folders("db/", "", ignore, &cancelled);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().status, TIDEMARK_E_CANCELLED);
}

}  // namespace
}  // namespace tidemark::sink
