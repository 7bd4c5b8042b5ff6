#include "checkpoint.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

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

  std::string directory_, path_;
};

TEST_F(CheckpointTest, RoundTrip) {
  auto none = load_checkpoint(path_, "file:///a");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const Positions positions = {{"main/7", {UINT64_MAX, "main/7/x.tar", 1'795'591'297'863'981}},
                               {"main/8", {1, "k", -1}}};
  ASSERT_TRUE(save_checkpoint(path_, "file:///a", positions));
  auto loaded = load_checkpoint(path_, "file:///a");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, positions);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(CheckpointTest, RefusesWhatIsNotItsOwn) {
  ASSERT_TRUE(save_checkpoint(path_, "file:///a", {}));
  auto other = load_checkpoint(path_, "file:///b");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().exit_code, kExitUsage);
  EXPECT_NE(other.error().message.find("file:///a"), std::string::npos);
  for (const char* text :
       {"", "{", "[]", "{}", R"({"tidemark_checkpoint":2,"url":"file:///a","partitions":{}})",
        R"({"tidemark_checkpoint":1,"url":"file:///a","partitions":{"main/1":{"through":"x"}}})"}) {
    write(text);
    EXPECT_FALSE(load_checkpoint(path_, "file:///a")) << text;
  }
  EXPECT_EQ(load_checkpoint(directory_, "file:///a").error().exit_code, kExitLocal);
  EXPECT_EQ(save_checkpoint(directory_ + "/none/file", "file:///a", {}).error().exit_code, kExitLocal);
}

TEST(Position, KnowsByKeyAndTime) {
  const Position position{5, "main/7/5", 100};
  EXPECT_TRUE(position.knows("main/7/5", 100));
  EXPECT_TRUE(position.knows("main/7/4", 50));
  EXPECT_FALSE(position.knows("main/7/6", 50));
  EXPECT_FALSE(position.knows("main/7/4", 101));
}

}  // namespace
}  // namespace tidemark::cli
