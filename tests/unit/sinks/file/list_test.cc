#include <sys/stat.h>

#include "file/file_sink_fixture.h"

namespace tidemark::sinks::file {
namespace {

class FileList : public FileSinkTest {};

TEST_P(FileList, DirectoryThatVanishesWhileListed) {
  auto sink = open();
  for (const char* key : {"a/1", "b/1", "b/2", "c/1"}) ASSERT_TRUE(put(*sink, key, "x"));
  struct Context {
    std::string root;
    std::vector<std::string> keys;
  } context = {dir_ / "root", {}};
  const Visitor visit(
      [](void* ctx, tidemark_str key, const tidemark_object*) -> int32_t {
        auto* self = static_cast<Context*>(ctx);
        if (self->keys.empty()) std::filesystem::remove_all(self->root + "/b");
        self->keys.emplace_back(view(key));
        return 0;
      },
      &context);
  EXPECT_TRUE(sink->list("", "", visit, Call(nullptr, nullptr)));
  EXPECT_EQ(context.keys, (std::vector<std::string>{"a/1", "c/1"}));
}

// It does not keep the others from being listed, and is not passed over; who asks for it alone gets an error.
TEST_P(FileList, AnUnreadableDirectoryIsNamed) {
  auto sink = try_open("root");
  ASSERT_TRUE(sink);
  for (const char* key : {"a/1", "b/1", "b/c/1", "d/1"}) ASSERT_TRUE(put(**sink, key, "x"));
  ASSERT_EQ(chmod((dir_ / "root/b").c_str(), 0), 0);
  for (const char* path : {"", "root", "root/a", "root/d"}) ASSERT_EQ(chmod((dir_ / path).c_str(), 0755), 0);
  std::vector<std::string> keys;
  const Visitor visit(
      [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
        const bool is_irregular = (object->flags & TIDEMARK_OBJECT_IRREGULAR) != 0;
        static_cast<std::vector<std::string>*>(ctx)->push_back(std::string(view(key)) +
                                                               (is_irregular ? "!" : ""));
        return 0;
      },
      &keys);
  const bool is_root = geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const Status all = (*sink)->list("", "", visit, Call(nullptr, nullptr));
  const Status after = (*sink)->list("", "b/.", visit, Call(nullptr, nullptr));
  const Status alone = (*sink)->list("b/", "", visit, Call(nullptr, nullptr));
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  ASSERT_EQ(chmod((dir_ / "root/b").c_str(), 0755), 0);
  EXPECT_EQ(status_of(all), TIDEMARK_OK);
  EXPECT_EQ(status_of(after), TIDEMARK_OK);
  EXPECT_EQ(keys, (std::vector<std::string>{"a/1", "b/.!", "d/1", "d/1"}));
  EXPECT_EQ(status_of(alone), TIDEMARK_E_PERMANENT);
}

// What is neither a file nor a directory holds nothing, and a person is to hear of it.
TEST_P(FileList, WhatIsNoFileIsListedAsIrregular) {
  auto sink = open();
  ASSERT_TRUE(put(*sink, "a/1", "x"));
  const std::string root = dir_ / "root";
  ASSERT_EQ(mkfifo((root + "/a/2").c_str(), 0600), 0);
  std::filesystem::create_symlink(root + "/a/1", root + "/a/3");
  std::filesystem::create_directory_symlink(root + "/a", root + "/b");
  std::vector<std::string> regular, irregular;
  std::pair<std::vector<std::string>*, std::vector<std::string>*> found = {&regular, &irregular};
  const Visitor visit(
      [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
        auto* self = static_cast<decltype(found)*>(ctx);
        const bool is_irregular = (object->flags & TIDEMARK_OBJECT_IRREGULAR) != 0;
        (is_irregular ? self->second : self->first)->emplace_back(view(key));
        return 0;
      },
      &found);
  EXPECT_TRUE(sink->list("", "", visit, Call(nullptr, nullptr)));
  EXPECT_EQ(regular, std::vector<std::string>{"a/1"});
  EXPECT_EQ(irregular, (std::vector<std::string>{"a/2", "a/3", "b"}));
}

// Whatever lies in it: it hides the object, and may hide it from who would write it.
TEST_P(FileList, ADirectoryInTheNameOfAnObjectIsListedOnce) {
  auto sink = open();
  const std::string archive = "s/1/0000000000002.tar", gap = "s/1/0000000000005-0000000000004.gap";
  for (const std::string& key :
       {std::string("s/1/0000000000001.tar"), archive + "/x", archive + ".bak", gap + "/a/b",
        std::string("s/1/other.tar/x"), std::string("s/0000000000003.tar/x")})
    ASSERT_TRUE(put(*sink, key, "x")) << key;
  std::filesystem::create_directory(dir_ / "root/s/1/0000000000009.tar");
  std::vector<std::string> keys;
  const Visitor visit(
      [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
        const bool is_irregular = (object->flags & TIDEMARK_OBJECT_IRREGULAR) != 0;
        static_cast<std::vector<std::string>*>(ctx)->push_back(std::string(view(key)) +
                                                               (is_irregular ? "!" : ""));
        return 0;
      },
      &keys);
  EXPECT_TRUE(sink->list("s/", "", visit, Call(nullptr, nullptr)));
  EXPECT_EQ(keys, (std::vector<std::string>{"s/0000000000003.tar/x", "s/1/0000000000001.tar", archive + "!",
                                            archive + ".bak", gap + "!", "s/1/0000000000009.tar!",
                                            "s/1/other.tar/x"}));
  keys.clear();
  EXPECT_TRUE(sink->list("s/1/", archive, visit, Call(nullptr, nullptr)));
  EXPECT_EQ(keys.front(), archive + ".bak") << "a listing that continues does not tell it again";
}

// A level as list tells it: what may not be read, and what is neither file nor directory, by its name.
TEST_P(FileList, ALevelNamesWhatIsIrregularInIt) {
  auto sink = try_open("root");
  ASSERT_TRUE(sink);
  for (const char* key : {"a/1", "b/1", "b/c/1", "d/e/1", "f"}) ASSERT_TRUE(put(**sink, key, "x"));
  const std::string root = dir_ / "root";
  ASSERT_EQ(mkfifo((root + "/g").c_str(), 0600), 0);
  std::filesystem::create_directory_symlink(root + "/a", root + "/c");
  std::filesystem::create_directory(root + "/empty");
  std::filesystem::create_directory(root + "/.own");
  ASSERT_EQ(chmod((root + "/b").c_str(), 0), 0);
  ASSERT_EQ(chmod((root + "/d/e").c_str(), 0), 0);
  for (const char* path : {"", "root", "root/a", "root/d"}) ASSERT_EQ(chmod((dir_ / path).c_str(), 0755), 0);
  const bool is_root = geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto level = [&](std::string_view prefix, std::string_view after, Status* outcome) {
    std::vector<std::string> keys;
    const Visitor visit(
        [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
          const bool is_irregular = (object->flags & TIDEMARK_OBJECT_IRREGULAR) != 0;
          static_cast<std::vector<std::string>*>(ctx)->push_back(std::string(view(key)) +
                                                                 (is_irregular ? "!" : ""));
          return 0;
        },
        &keys);
    *outcome = (*sink)->list_folders(prefix, after, visit, Call(nullptr, nullptr));
    return keys;
  };
  Status all, some, below, alone;
  using Keys = std::vector<std::string>;
  EXPECT_EQ(level("", "", &all), (Keys{"a/", "b/.!", "c!", "d/", "empty/", "f", "g!"}));
  EXPECT_EQ(level("", "b/.", &some), (Keys{"c!", "d/", "empty/", "f", "g!"}));
  EXPECT_EQ(level("d/", "", &below), Keys{"d/e/.!"});
  EXPECT_EQ(level("b/", "", &alone), Keys());
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  for (const char* path : {"/b", "/d/e"}) ASSERT_EQ(chmod((root + path).c_str(), 0755), 0);
  for (const Status* outcome : {&all, &some, &below}) EXPECT_EQ(status_of(*outcome), TIDEMARK_OK);
  EXPECT_EQ(status_of(alone), TIDEMARK_E_PERMANENT) << "who asks for it alone gets an error";
}

INSTANTIATE_FOR_BOTH_STAGINGS(FileList);

}  // namespace
}  // namespace tidemark::sinks::file
