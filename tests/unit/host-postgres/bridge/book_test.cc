// What is said of a file: archived only if that is proven, failed soon if it is known to fail.
#include "bridge/book.h"

#include <gtest/gtest.h>

namespace tidemark::postgres {
namespace {

const std::string kStorage = "1.16M";
Place place(uint64_t lsn) { return {kStorage, 1, lsn}; }

class BookTest : public ::testing::Test {
 protected:
  Verdict at(uint64_t now_ms) {
    answer_ = book_.answer(now_ms);
    return answer_.verdict;
  }
  Book book_;
  Answer answer_;
};

TEST_F(BookTest, ArchivedOnceItIsAcknowledged) {
  book_.offer(place(5), 0, 5000);
  EXPECT_EQ(at(10), Verdict::kWait);
  EXPECT_EQ(answer_.wait_ms, 4990U);
  book_.acknowledged(kStorage, 1, 4);
  EXPECT_FALSE(book_.take_news());
  EXPECT_EQ(at(10), Verdict::kWait);
  book_.acknowledged(kStorage, 2, 9);  // another timeline
  EXPECT_EQ(at(10), Verdict::kWait);
  book_.acknowledged(kStorage, 1, 9);
  EXPECT_TRUE(book_.take_news());
  EXPECT_EQ(at(10), Verdict::kArchived);
  book_.offer(place(9), 20, 5000);
  EXPECT_EQ(at(20), Verdict::kArchived);
}

TEST_F(BookTest, WhetherTheArchiveHasOtherContent) {
  book_.offer(place(5), 0, 5000);
  book_.failing(kStorage, 1, 5, "differs", true);
  EXPECT_EQ(at(300), Verdict::kFailed);
  EXPECT_TRUE(answer_.is_other);
  book_.failing(kStorage, 1, 5, "unreadable");
  EXPECT_EQ(at(300), Verdict::kFailed);
  EXPECT_FALSE(answer_.is_other);
  book_.failing(kStorage, 1, 5, "differs", true);
  book_.all_failing("no sink");
  EXPECT_EQ(at(300), Verdict::kFailed);
  EXPECT_FALSE(answer_.is_other);
}

TEST_F(BookTest, HowFarAStorageIsAcknowledged) {
  book_.acknowledged(kStorage, 1, 5);
  book_.acknowledged(kStorage, 3, 9);
  book_.acknowledged("1.history", 2, 1);
  using Far = std::map<uint64_t, uint64_t>;
  EXPECT_EQ(book_.acknowledged_of(kStorage), (Far{{1, 5}, {3, 9}}));
  book_.begin_run();
  EXPECT_EQ(book_.acknowledged_of(kStorage), Far());
}

TEST_F(BookTest, NotWhileItIsLent) {
  book_.offer(place(5), 0, 5000);
  EXPECT_TRUE(book_.lent(place(5)));
  EXPECT_TRUE(book_.lent(place(5)));
  book_.acknowledged(kStorage, 1, 5);
  EXPECT_EQ(at(1), Verdict::kWait);
  book_.returned(place(5));
  EXPECT_EQ(at(1), Verdict::kWait);
  book_.returned(place(5));
  EXPECT_TRUE(book_.take_news());
  EXPECT_EQ(at(1), Verdict::kArchived);
  EXPECT_FALSE(book_.lent(place(5)));  // PostgreSQL may write over it from now on
  book_.offer(place(5), 2, 5000);      // .ready is back
  EXPECT_TRUE(book_.lent(place(5)));
}

// .done became .ready again for files that somebody else had archived: what was acknowledged began after
// them.
TEST_F(BookTest, WhatLiesBelowTheFirstNotificationIsLookedUp) {
  book_.notifying(place(10), 10);
  book_.acknowledged(kStorage, 1, 20);
  book_.offer(place(9), 0, 5000);
  book_.notifying(place(9), 5);
  EXPECT_EQ(at(1), Verdict::kLookUp);
  book_.acknowledged(kStorage, 1, 21);
  EXPECT_EQ(at(1), Verdict::kLookUp);
  book_.found();
  EXPECT_EQ(at(1), Verdict::kArchived);
  book_.offer(place(10), 2, 5000);
  EXPECT_EQ(at(2), Verdict::kArchived);
  // Another run begins from the lowest.
  book_.begin_run();
  book_.notifying(place(9), 5);
  book_.acknowledged(kStorage, 1, 21);
  book_.offer(place(9), 3, 5000);
  EXPECT_EQ(at(3), Verdict::kArchived);
}

TEST_F(BookTest, AGapIsLookedUp) {
  book_.gap(kStorage, 1, 3, 6);
  book_.offer(place(5), 0, 5000);
  book_.acknowledged(kStorage, 1, 9);
  EXPECT_EQ(at(1), Verdict::kLookUp);
  book_.found();
  EXPECT_EQ(at(1), Verdict::kArchived);
  book_.offer(place(4), 2, 5000);
  EXPECT_EQ(at(2), Verdict::kLookUp);
  book_.begin_run();
  book_.offer(place(6), 3, 5000);
  book_.acknowledged(kStorage, 1, 9);
  EXPECT_EQ(at(3), Verdict::kLookUp);  // gaps outlive a run
  book_.offer(place(5), 4, 5000);
  EXPECT_EQ(at(4), Verdict::kArchived);
}

TEST_F(BookTest, ManyGapsBecomeFewAndLoseNothing) {
  for (uint64_t i = 0; i < 100; ++i) book_.gap(kStorage, 1, 10 * i + 5, 10 * i + 6);
  book_.acknowledged(kStorage, 1, 2000);
  for (uint64_t i = 0; i < 100; ++i) {
    book_.offer(place(10 * i + 6), 0, 5000);
    EXPECT_EQ(at(1), Verdict::kLookUp) << i;
  }
  book_.offer(place(1500), 0, 5000);
  EXPECT_EQ(at(1), Verdict::kArchived);
}

TEST_F(BookTest, AKnownFailureIsAnsweredSoon) {
  book_.offer(place(5), 0, 5000);
  book_.failing(kStorage, 1, 5, "disk full");
  EXPECT_TRUE(book_.take_news());
  EXPECT_EQ(at(199), Verdict::kWait);
  EXPECT_EQ(at(200), Verdict::kFailed);
  EXPECT_EQ(answer_.message, "disk full");
  book_.recovered(kStorage, 1);
  EXPECT_TRUE(book_.take_news());  // PostgreSQL is told to try again
  book_.offer(place(5), 1000, 5000);
  EXPECT_EQ(at(1300), Verdict::kWait);
  book_.failing(kStorage, 1, 8, "another");  // after it: this one may still be archived
  EXPECT_EQ(at(1300), Verdict::kWait);
}

TEST_F(BookTest, FailuresOfAllAndOfAStorage) {
  book_.offer(place(5), 0, 5000);
  book_.all_failing("down");
  EXPECT_EQ(at(200), Verdict::kFailed);
  book_.all_failing("");
  book_.storage_failing("other", "superseded");
  EXPECT_EQ(at(200), Verdict::kWait);
  book_.storage_failing(kStorage, "superseded");
  EXPECT_EQ(at(200), Verdict::kFailed);
  EXPECT_EQ(answer_.message, "superseded");
  book_.begin_run();
  EXPECT_EQ(at(200), Verdict::kWait);
}

TEST_F(BookTest, ASlowOneIsNotWaitedForAsLongAgain) {
  book_.offer(place(5), 0, 5000);
  EXPECT_EQ(at(5000), Verdict::kFailed);
  EXPECT_NE(answer_.message.find("slow"), std::string::npos);
  book_.offer(place(5), 6000, 5000);
  EXPECT_EQ(at(6499), Verdict::kWait);
  EXPECT_EQ(at(6500), Verdict::kFailed);
  book_.acknowledged(kStorage, 1, 2);  // it works
  book_.offer(place(5), 8000, 5000);
  EXPECT_EQ(at(9000), Verdict::kWait);
  EXPECT_EQ(at(13000), Verdict::kFailed);
  book_.offer(place(6), 14000, 5000);  // another file
  EXPECT_EQ(at(15000), Verdict::kWait);
}

TEST_F(BookTest, AnAcknowledgeOfAnEarlierRunDoesNotCount) {
  book_.acknowledged(kStorage, 1, 9);
  book_.offer(place(5), 0, 5000);
  book_.begin_run();
  EXPECT_EQ(at(1), Verdict::kWait);
}

TEST_F(BookTest, IsBounded) {
  book_.gap(kStorage, 1, 5, 5);
  for (uint64_t i = 0; i < 10 * Book::kPartitionsMax; ++i) book_.acknowledged("1.history", i, 1);
  book_.offer(place(5), 0, 5000);
  book_.acknowledged(kStorage, 1, 9);
  EXPECT_EQ(at(1), Verdict::kLookUp);  // the gap was forgotten, and so nothing is believed
}

}  // namespace
}  // namespace tidemark::postgres
