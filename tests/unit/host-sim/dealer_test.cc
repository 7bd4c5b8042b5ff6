#include "dealer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test_dir.h"

namespace tidemark::host {
namespace {

std::vector<std::string> deal_all(Dealer& dealer, uint32_t threads) {
  std::vector<std::string> dealt;
  for (uint32_t t = 0; t < threads; ++t) {
    while (auto request = dealer.next(t)) {
      EXPECT_EQ(request->partition % threads, t);
      dealt.push_back(std::to_string(request->partition) + request->origin);
    }
  }
  std::sort(dealt.begin(), dealt.end());
  return dealt;
}

TEST(Dealer, BringsEveryPartitionToItsShare) {
  for (uint32_t threads : {1u, 2u, 3u}) {
    Dealer fresh(7, {0, 0, 0}, threads);  // shares 3, 2, 2
    EXPECT_EQ(fresh.total(), 7u);
    EXPECT_EQ(deal_all(fresh, threads), (std::vector<std::string>{"0", "0", "0", "1", "1", "2", "2"}));
    Dealer resumed(7, {3, 0, 1}, threads);
    EXPECT_EQ(resumed.total(), 3u);
    EXPECT_EQ(deal_all(resumed, threads), (std::vector<std::string>{"1", "1", "2"}));
    Dealer done(7, {9, 2, 2}, threads);
    EXPECT_EQ(done.total(), 0u);
    EXPECT_TRUE(deal_all(done, threads).empty());
  }
}

TEST(Dealer, DealsFilesInTurnFromWhereItWas) {
  for (uint32_t threads : {1u, 3u}) {
    Dealer dealer(std::vector<std::string>{"/a", "/b", "/c", "/d"}, 3, 2, threads);
    EXPECT_EQ(deal_all(dealer, threads), (std::vector<std::string>{"0/b", "1/c", "2/a", "2/d"}));
  }
  Dealer empty(std::vector<std::string>{}, 3, 0, 1);
  EXPECT_FALSE(empty.next(0));
}

TEST(FileList, IsInPathOrderWithoutLinksAndLimited) {
  TestDir dir;
  for (const char* name : {"b", "a/z", "a.txt", "a/y/x"}) put_file(dir / name, "12");
  std::filesystem::create_symlink("b", dir / "link");
  std::filesystem::create_directory_symlink("a", dir / "linked");
  const auto list = list_files(dir.path(), UINT64_MAX);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->paths, (std::vector<std::string>{dir / "a.txt", dir / "a/y/x", dir / "a/z", dir / "b"}));
  EXPECT_EQ(list->mean_bytes, 2u);
  EXPECT_EQ(list_files(dir.path(), 2)->paths.size(), 2u);
}

}  // namespace
}  // namespace tidemark::host
