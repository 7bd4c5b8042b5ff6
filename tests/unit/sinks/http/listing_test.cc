#include "http/listing.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tidemark::sinks {
namespace {

// A store whose pages are given, and a visitor that keeps what it is shown.
class ListingTest : public ::testing::Test {
 protected:
  static ListPage page(const std::vector<std::string>& keys, const std::string& next_token = "") {
    ListPage made;
    for (const std::string& key : keys) made.objects.push_back({key, 1, 2});
    made.is_truncated = !next_token.empty();
    made.next_token = next_token;
    return made;
  }
  Status list(std::string_view prefix = "", std::string_view start_after = "") {
    const auto keep = [](void* self, tidemark_str key, const tidemark_object*) {
      auto& test = *static_cast<ListingTest*>(self);
      test.keys_.emplace_back(view(key));
      return static_cast<int32_t>(test.keys_.size() < test.most_ ? 0 : 1);
    };
    const auto read = [this](const PageWanted& wanted) -> Result<ListPage> {
      asked_.push_back(wanted.prefix + "|" + wanted.after + "|" + wanted.token);
      if (asked_.size() > pages_.size()) return fail(TIDEMARK_E_RETRYABLE, "no more pages");
      return pages_[asked_.size() - 1];
    };
    const Listing listing = {prefix, start_after, by_folders_, "list the store", "root/", "; see to it"};
    return list_pages(listing, read, Visitor(keep, this), HostLog(nullptr), Call(nullptr, nullptr));
  }

  std::vector<ListPage> pages_;
  std::vector<std::string> asked_;
  std::vector<std::string> keys_;
  size_t most_ = SIZE_MAX;
  bool by_folders_ = false;
};

using Texts = std::vector<std::string>;

TEST_F(ListingTest, PageAfterPage) {
  pages_ = {page({"root/a", "root/b"}, "t1"), page({"root/c"}, "t2"), page({})};
  ASSERT_TRUE(list());
  EXPECT_EQ(keys_, (Texts{"a", "b", "c"}));
  EXPECT_EQ(asked_, (Texts{"root/||", "root/|root/b|t1", "root/|root/c|t2"}));
}

TEST_F(ListingTest, WithoutATokenTheLastNameLeadsOn) {
  pages_ = {page({"root/a"}), page({"root/a", "root/b"})};
  pages_[0].is_truncated = true;
  ASSERT_TRUE(list());
  EXPECT_EQ(keys_, (Texts{"a", "b"}));
  EXPECT_EQ(asked_[1], "root/|root/a|");
}

TEST_F(ListingTest, WhereNothingSaysWhetherMoreComesTheNextAnswerDoes) {
  pages_ = {page({"root/a", "root/b"}), page({"root/b", "root/c"}), page({"root/c"})};
  for (ListPage& one : pages_) one.says_end = false;
  ASSERT_TRUE(list());
  EXPECT_EQ(keys_, (Texts{"a", "b", "c"}));
  EXPECT_EQ(asked_, (Texts{"root/||", "root/|root/b|", "root/|root/c|"}));
}

// Of a character only half is asked for.
TEST_F(ListingTest, TheStoreIsAskedForCharacters) {
  pages_ = {page({"root/k\u00e4", "root/k\u00e9", "root/k\u00f6"})};
  ASSERT_TRUE(list("k\xc3", "k\xc3\xa4"));
  EXPECT_EQ(asked_, (Texts{"root/k|root/k\u00e4|"}));
  EXPECT_EQ(keys_, (Texts{"k\u00e9", "k\u00f6"}));
  keys_.clear();
  ASSERT_TRUE(list("k\xff")) << "no name begins like that";
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(ListingTest, NamesThatAreNoKeysArePassedOver) {
  pages_ = {page({"root/.own/x", "root/a", "root/folder/"})};
  ASSERT_TRUE(list());
  EXPECT_EQ(keys_, (Texts{"a"}));
}

TEST_F(ListingTest, TheVisitorEndsIt) {
  most_ = 1;
  pages_ = {page({"root/a", "root/b"}, "t1")};
  ASSERT_TRUE(list());
  EXPECT_EQ(keys_, (Texts{"a"}));
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(ListingTest, AnErrorOfAPageIsTheListings) {
  pages_ = {page({"root/a"}, "t1")};
  const Status broken = list();
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "no more pages");
}

TEST_F(ListingTest, WhatIsNotInOrderIsRefused) {
  for (const Texts& keys : {Texts{"root/b", "root/a"}, Texts{"elsewhere"}}) {
    asked_.clear();
    pages_ = {page(keys)};
    const Status wrong = list();
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().status, TIDEMARK_E_PERMANENT);
    EXPECT_NE(wrong.error().message.find("byte order"), std::string::npos) << wrong.error().message;
  }
}

TEST_F(ListingTest, PagesThatLeadNowhereAreRefused) {
  pages_ = {page({"root/a"}, "t1"), page({"root/b"}, "t1")};
  const Status same = list();
  ASSERT_FALSE(same);
  EXPECT_NE(same.error().message.find("does not get beyond \"root/b\""), std::string::npos)
      << same.error().message;
  asked_.clear();
  pages_.clear();
  for (int i = 0; i < 200; ++i) pages_.push_back(page({}, "t" + std::to_string(i)));
  const Status empty = list();
  ASSERT_FALSE(empty);
  EXPECT_EQ(asked_.size(), 100u);
  EXPECT_NE(empty.error().message.find("100 empty pages"), std::string::npos) << empty.error().message;
  EXPECT_TRUE(empty.error().message.ends_with("; see to it")) << empty.error().message;
}

class FoldersTest : public ListingTest {
 protected:
  FoldersTest() { by_folders_ = true; }
};

TEST_F(FoldersTest, ContinueAfterAllThatLiesInOne) {
  pages_ = {page({"root/a", "root/b/"}, "t1"), page({"root/c/", "root/d/"}), page({"root/e"})};
  pages_[1].is_truncated = true;  // without a token
  ASSERT_TRUE(list());
  EXPECT_EQ(keys_, (Texts{"a", "b/", "c/", "d/", "e"}));
  EXPECT_EQ(asked_, (Texts{"root/||", "root/|root/b/\x7F|t1", "root/|root/d/\x7F|"}));
}

// Stores differ about the folder that a listing begins in; it is not to come.
TEST_F(FoldersTest, TheOneThatWasBegunIsPassedOver) {
  pages_ = {page({"root/b/", "root/c/"})};
  for (const char* after : {"b/", "b/x", "b/\x7F", "b/\xFF"}) {
    keys_.clear();
    asked_.clear();
    ASSERT_TRUE(list("", after)) << after;
    EXPECT_EQ(keys_, Texts{"c/"}) << after;
  }
  keys_.clear();
  asked_.clear();
  ASSERT_TRUE(list("", "b"));
  EXPECT_EQ(keys_, (Texts{"b/", "c/"})) << "which does not lie in it";
}

// An object that stands for the folder itself is none of those below it.
TEST_F(FoldersTest, ThePrefixIsNoFolderBelowItself) {
  pages_ = {page({"root/a/"}), page({"root/a/b/"})};
  pages_[0].is_truncated = true;
  ASSERT_TRUE(list("a/"));
  EXPECT_EQ(keys_, Texts{"a/b/"});
  EXPECT_EQ(asked_[1], "root/a/|root/a/|");
  keys_.clear();
  asked_.clear();
  pages_ = {page({"root/a/b/"})};
  ASSERT_TRUE(list("a/", "a/"));
  EXPECT_EQ(asked_[0], "root/a/|root/a/|") << "not after all that lies in it";
  EXPECT_EQ(keys_, Texts{"a/b/"});
}

TEST_F(FoldersTest, NamesThatAreNoKeysArePassedOver) {
  pages_ = {page({"root/", "root/.own/", "root//", "root/a/", "root/a/", "root/b"})};
  std::sort(pages_[0].objects.begin(), pages_[0].objects.end(),
            [](const ListedObject& a, const ListedObject& b) { return a.key < b.key; });
  ASSERT_TRUE(list());
  EXPECT_EQ(keys_, (Texts{"a/", "b"}));
}

TEST_F(FoldersTest, WhatLiesInOneMustNotCome) {
  pages_ = {page({"root/a", "root/b/c", "root/b/d"})};
  const Status wrong = list();
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().status, TIDEMARK_E_UNSUPPORTED);
  EXPECT_NE(wrong.error().message.find("\"root/b/c\""), std::string::npos) << wrong.error().message;
  EXPECT_EQ(keys_, Texts{"a"}) << "what came before is right";
}

}  // namespace
}  // namespace tidemark::sinks
