#include "checkpoint.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "format/object_name.h"

namespace tidemark::cli {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/checkpoint-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    path_ = directory_ + "/file";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  std::string read() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  Result<void> save(const Checkpoint& checkpoint, const std::string& url) const {
    std::map<std::string, const CheckedObjects*> partitions;
    for (const auto& [name, objects] : checkpoint) partitions[name] = &objects;
    return save_checkpoint(path_, url, partitions);
  }

  std::string directory_, path_;
};

const Checkpoint kSome = {
    {"main/10", {{TIDEMARK_STORED_ARCHIVE, 1, UINT64_MAX, UINT64_MAX, INT64_MAX, INT64_MAX}}},
    {"main/7",
     {{TIDEMARK_STORED_ORIGIN, 1, 3, 600, 5, 6},
      {TIDEMARK_STORED_GAP, 4, 5, 512, -1, 0},
      {TIDEMARK_STORED_ARCHIVE, 5, 5, 8192, 7, 8},
      {TIDEMARK_STORED_ARCHIVE, 6, 6, 8192, 7, 8, 2},
      {TIDEMARK_STORED_ARCHIVE, 7, 7, 8192, 7, 8, 2, Coding::kZstd, 6}}}};

TEST_F(CheckpointTest, RoundTrip) {
  auto none = load_checkpoint(path_, "file:///a");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  ASSERT_TRUE(save(kSome, "file:///a"));
  auto loaded = load_checkpoint(path_, "file:///a/");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, kSome);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(CheckpointTest, RefusesWhatIsNotItsOwn) {
  ASSERT_TRUE(save({}, "file:///a"));
  auto other = load_checkpoint(path_, "file:///b");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().exit_code, kExitUsage);
  EXPECT_NE(other.error().message.find("file:///a"), std::string::npos);
  write(R"({"tidemark_checkpoint":1,"url":"file:///a","partitions":{}})"
        "\n");
  EXPECT_NE(load_checkpoint(path_, "file:///a").error().message.find("another version"), std::string::npos);
  for (const char* text : {"", "{", "[]\n", "{}\n"}) {
    write(text);
    EXPECT_FALSE(load_checkpoint(path_, "file:///a")) << text;
  }
  const std::string head = "{\"tidemark_checkpoint\":2,\"url\":\"file:///a\"}\n";
  write(head + "main/1\na 1 1 5 5 5\nend\n");
  EXPECT_TRUE(load_checkpoint(path_, "file:///a"));
  for (const char* text :
       {"", "end", "main/1\n", "a 1 1 5 5 5\nend\n", "main/1\nx 1 1 5 5 5\nend\n", "main/1\na 1 1 5 5\nend\n",
        "main/1\na 1 1 5 5 5 1\nend\n", "main/1\na 1 1 5 5 5 5 5\nend\n", "main/1\na 0 1 5 5 5\nend\n",
        "main/1\na 2 1 5 5 5\nend\n", "main/1\na 1 1 5 5 5\na 1 1 5 5 5\nend\n", "main/1\nmain/1\nend\n",
        "main/1\na 1 1 5 5 5\nend\nmore\n", "main/1\na 1 1 5 5 99999999999999999999\nend\n"}) {
    write(head + text);
    EXPECT_FALSE(load_checkpoint(path_, "file:///a")) << text;
  }
  EXPECT_EQ(load_checkpoint(directory_, "file:///a").error().exit_code, kExitLocal);
  EXPECT_EQ(save_checkpoint(directory_ + "/none/file", "file:///a", {}).error().exit_code, kExitLocal);
}

// A part of it must not pass for all of it: what it forgot would not be missed.
TEST_F(CheckpointTest, IsRefusedWhereverItWasCut) {
  ASSERT_TRUE(save(kSome, "file:///a"));
  const std::string whole = read();
  for (size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    EXPECT_FALSE(load_checkpoint(path_, "file:///a")) << size;
  }
}

TEST(Checked, IsOrderedAsItsKeyIs) {
  std::vector<std::pair<std::string, Checked>> all;
  for (const auto& [kind, stored] : {std::pair{ObjectKind::kArchive, TIDEMARK_STORED_ARCHIVE},
                                     {ObjectKind::kGap, TIDEMARK_STORED_GAP},
                                     {ObjectKind::kAccepted, TIDEMARK_STORED_ACCEPTED},
                                     {ObjectKind::kPruned, TIDEMARK_STORED_PRUNED},
                                     {ObjectKind::kOrigin, TIDEMARK_STORED_ORIGIN}}) {
    for (uint64_t last : {1, 2, 36, 37})
      for (uint64_t first = 1; first <= last; first += 1 + last / 3)
        for (uint64_t epoch : {1, 2, 10}) {
          for (const Lsn begun : {kNoLsn, Lsn{1}, Lsn{2}}) {
            if (begun != kNoLsn && (kind != ObjectKind::kArchive || epoch == 1 || begun >= first)) continue;
            const ParsedName name{{first, last}, kind, epoch, Coding::kNone, begun};
            all.push_back(
                {object_key("main", 1, name), {stored, first, last, 0, 0, 0, epoch, Coding::kNone, begun}});
          }
        }
  }
  for (const auto& [key, one] : all) {
    for (const auto& [other_key, other] : all)
      EXPECT_EQ(comes_before(one, other), key < other_key) << key << " " << other_key;
  }
}

TEST(Checked, KnowsAllOfItsName) {
  for (const char* key : {"main/7/0000000000007.e2-0000000000006.tar.zst", "main/7/0000000000007.e2.tar"}) {
    const auto parsed = parse_object_key(key);
    Stored stored;
    stored.kind = TIDEMARK_STORED_ARCHIVE;
    stored.key = key;
    stored.first = stored.last = 7;
    stored.epoch = 2;
    stored.coding = coding_suffix(parsed->name.coding);
    const Checked checked = to_checked(stored, 5);
    EXPECT_EQ(object_key("main", 7,
                         {{checked.first, checked.last},
                          ObjectKind::kArchive,
                          checked.epoch,
                          checked.coding,
                          checked.begun}),
              key);
  }
}

TEST(Identity, IsTheSameHoweverItIsSpelled) {
  for (const char* url :
       {"s3://b/a", "s3://b/a/", "S3://b/a", "s3://b//a//", "s3://b/%61?region=x", "s3://b/a?"})
    EXPECT_EQ(archive_identity(url), "s3://b/a") << url;
  for (const char* url : {"file:///a/b", "file:///a/b/", "file:////a//b", "file:///a/b?sync=each"})
    EXPECT_EQ(archive_identity(url), "file:///a/b") << url;
  EXPECT_EQ(archive_identity("file:///"), "file:///");
  EXPECT_EQ(archive_identity("s3://b/"), archive_identity("s3://b"));
  EXPECT_NE(archive_identity("s3://b/A"), archive_identity("s3://b/a"));
  EXPECT_EQ(archive_identity("file:///a%2"), "file:///a%2");
  EXPECT_EQ(archive_identity(""), "");
}

}  // namespace
}  // namespace tidemark::cli
