#include "core/window.h"

#include <gtest/gtest.h>

namespace tidemark::core {
namespace {

void expect_open(const Window& window, Lsn next, Lsn high, Range expected) {
  const std::optional<Range> open = window.first_open(next, high);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->first, expected.first);
  EXPECT_EQ(open->last, expected.last);
}

TEST(Window, WhatIsOnItsWayIsNotOpen) {
  Window window(4, 3);
  expect_open(window, 1, 10, {1, 10});
  window.started({1, 4});
  expect_open(window, 1, 10, {5, 10});
  window.started({5, 8});
  expect_open(window, 1, 10, {9, 10});
  window.started({9, 10});
  EXPECT_FALSE(window.first_open(1, 10));
  expect_open(window, 1, 11, {11, 11});
}

TEST(Window, WhatFailedIsOpenUpToTheNextPiece) {
  Window window(4, 3);
  window.started({1, 4});
  window.started({5, 8});
  window.failed({1, 4});
  expect_open(window, 1, 10, {1, 4});
  window.failed({5, 8});
  EXPECT_TRUE(window.empty());
  expect_open(window, 1, 10, {1, 10});
}

TEST(Window, NothingIsPassedBeforeTheFirstIsArchived) {
  Window window(2, 3);
  window.started({1, 2});
  window.started({3, 4});
  window.started({5, 6});
  window.finished({3, 4}, 4);
  EXPECT_EQ(window.pass(1), 1U);
  EXPECT_EQ(window.archived_entries(), 2U);
  EXPECT_EQ(window.first_archived(), 3U);
  window.finished({1, 2}, 2);
  EXPECT_EQ(window.pass(1), 5U);
  EXPECT_EQ(window.archived_entries(), 0U);
  EXPECT_EQ(window.first_archived(), kNoLsn);
  EXPECT_FALSE(window.empty());
  window.finished({5, 6}, 6);
  EXPECT_EQ(window.pass(5), 7U);
  EXPECT_TRUE(window.empty());
}

TEST(Window, TheRestOfAShorterArchiveIsOpen) {
  Window window(8, 2);
  window.started({1, 8});
  window.started({9, 16});
  window.finished({1, 8}, 3);
  EXPECT_EQ(window.pass(1), 4U);
  expect_open(window, 4, 20, {4, 8});
}

TEST(Window, WhatIsOfferedFollowsWhatWasTaken) {
  Window window(64, 2);
  EXPECT_EQ(window.offer(), 64U);
  window.started({1, 64});
  window.finished({1, 64}, 5);
  EXPECT_EQ(window.offer(), 5U);
  EXPECT_EQ(window.pass(1), 6U);
  Lsn next = 6;
  for (const uint32_t offer : {10U, 20U, 40U, 64U, 64U}) {
    const Range all{next, next + window.offer() - 1};
    window.started(all);
    window.finished(all, all.last);
    next = window.pass(next);
    EXPECT_EQ(window.offer(), offer);
  }
  // No more than would fit: else every second archive would leave some behind, which make one of their own.
  Window even(16, 2);
  even.started({1, 16});
  even.finished({1, 16}, 15, 15);
  even.started({17, 31});
  even.finished({17, 31}, 31, 15);
  EXPECT_EQ(even.offer(), 15U);
  even.started({32, 46});
  even.finished({32, 46}, 46, 12);  // these were larger, by an estimate: one that is cut will say so
  EXPECT_EQ(even.offer(), 15U);
  even.started({47, 61});
  even.finished({47, 61}, 61, 400);
  EXPECT_EQ(even.offer(), 16U);
  // Less than was offered, because there was no more: no reason to offer more, nor less.
  Window idle(64, 2);
  idle.started({1, 64});
  idle.finished({1, 64}, 8);
  idle.started({9, 10});
  idle.finished({9, 10}, 10);
  EXPECT_EQ(idle.offer(), 8U);
}

TEST(Window, WhatWasTriedIsTriedAgainUnderItsName) {
  Window window(8, 3);
  window.started({1, 4});
  window.failed({1, 4});
  window.remember({1, 4});
  expect_open(window, 1, 100, {1, 4});
  window.started({1, 4});
  expect_open(window, 1, 100, {5, 100});
  window.failed({1, 4});
  window.remember({1, 4});
  window.forget_tried();
  expect_open(window, 1, 100, {1, 100});
}

TEST(Window, BehindAHoleWhatWasTriedBoundsIt) {
  Window window(8, 3);
  window.started({1, 4});
  window.started({5, 8});
  window.failed({5, 8});
  window.remember({5, 8});
  window.failed({1, 4});
  expect_open(window, 1, 100, {1, 4});
  window.started({1, 2});
  expect_open(window, 1, 100, {3, 4});
}

TEST(Window, PassingIntoWhatWasTriedLosesItsNameOnly) {
  Window window(8, 3);
  window.remember({3, 6});
  window.started({7, 8});
  window.finished({7, 8}, 8);
  EXPECT_EQ(window.pass(5), 5U);
  expect_open(window, 5, 100, {5, 6});
  // What begins right there keeps it.
  Window other(8, 3);
  other.remember({3, 6});
  EXPECT_EQ(other.pass(3), 3U);
  expect_open(other, 3, 100, {3, 6});
}

TEST(Window, IsCrowdedAtTwiceWhatMayBeInFlight) {
  Window window(1, 2);
  for (Lsn lsn = 2; lsn <= 5; ++lsn) {
    EXPECT_FALSE(window.is_crowded()) << lsn;
    window.started({lsn, lsn});
    window.finished({lsn, lsn}, lsn);
  }
  EXPECT_TRUE(window.is_crowded());
  window.started({1, 1});
  window.finished({1, 1}, 1);
  EXPECT_EQ(window.pass(1), 6U);
  EXPECT_FALSE(window.is_crowded());
}

TEST(Window, TheLastNumbersThereAre) {
  Window window(4, 2);
  window.started({kEveryLsn - 3, kEveryLsn - 1});
  expect_open(window, kEveryLsn - 5, kEveryLsn - 1, {kEveryLsn - 5, kEveryLsn - 4});
  window.finished({kEveryLsn - 3, kEveryLsn - 1}, kEveryLsn - 1);
  EXPECT_EQ(window.pass(kEveryLsn - 3), kEveryLsn);
}

}  // namespace
}  // namespace tidemark::core
