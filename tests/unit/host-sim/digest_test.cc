#include "digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "entry_writer.h"
#include "test_dir.h"

namespace tidemark::host {
namespace {

TEST(EntryDigest, OfTheWriterIsThatOfTheTree) {
  TestDir dir;
  const auto digest = write_entry(dir / "entry", small_spec(), Durability::kUnsafe);
  ASSERT_TRUE(digest) << digest.error().message;
  const auto again = digest_tree(dir / "entry");
  ASSERT_TRUE(again);
  EXPECT_EQ(digest_text(*digest), digest_text(*again));
  EXPECT_EQ(std::filesystem::file_size(dir / "entry/payload-2"), 5000u);
}

TEST(EntryDigest, SeesContentNameModeLinkAndMemberChanges) {
  TestDir dir;
  const auto fresh = [&] {
    std::filesystem::remove_all(dir / "entry");
    auto digest = write_entry(dir / "entry", small_spec(), Durability::kUnsafe);
    EXPECT_TRUE(digest);
    return digest_text(*digest);
  };
  const std::string original = fresh();
  EXPECT_EQ(fresh(), original) << "made-up content is the same every time";
  std::vector<std::function<void()>> changes = {
      [&] { put_file(dir / "entry/payload-1", "other"); },
      [&] { std::filesystem::rename(dir / "entry/payload-1", dir / "entry/payload-9"); },
      [&] { ::chmod((dir / "entry/payload-1").c_str(), 0600); },
      [&] { ::chmod((dir / "entry").c_str(), 0700); },
      [&] { std::filesystem::create_directory(dir / "entry/extra"); },
      [&] { std::filesystem::create_symlink("payload-0", dir / "entry/link"); },
      [&] { std::filesystem::remove(dir / "entry/MANIFEST"); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    fresh();
    changes[i]();
    const auto digest = digest_tree(dir / "entry");
    ASSERT_TRUE(digest);
    EXPECT_NE(digest_text(*digest), original) << "change " << i;
  }
  fresh();
  ASSERT_EQ(::mkfifo((dir / "entry/fifo").c_str(), 0600), 0);
  EXPECT_FALSE(digest_tree(dir / "entry"));
}

}  // namespace
}  // namespace tidemark::host
