#include "runtime/event_queue.h"

#include <gtest/gtest.h>
#include <tidemark/archiver.h>

namespace tidemark::runtime {
namespace {

EventNotice event(int32_t kind, uint64_t partition = 0) {
  EventNotice notice;
  notice.kind = kind;
  notice.id.id = partition;
  notice.error.status = TIDEMARK_OK;
  return notice;
}

// Everything that is decided, logged at once.
void log_all(EventQueue& queue) {
  (void)queue.log();
  queue.logged();
}

TEST(EventQueueTest, WhatIsDecidedIsLoggedOnceAndThenDeliveredInOrder) {
  EventQueue queue;
  EXPECT_TRUE(queue.idle());
  queue.push(event(TIDEMARK_EVENT_FAILING, 1));
  queue.push(event(TIDEMARK_EVENT_GAP, 2));
  queue.push(event(TIDEMARK_EVENT_RECOVERED, 3));
  EXPECT_FALSE(queue.has_to_deliver()) << "not logged yet";
  ASSERT_TRUE(queue.has_to_log());
  const std::vector<EventNotice> decided = queue.log();
  ASSERT_EQ(decided.size(), 3U);
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(decided[i].id.id, i + 1);
  queue.push(event(TIDEMARK_EVENT_CONFLICT, 4));
  EXPECT_FALSE(queue.has_to_log()) << "somebody is at it";
  EXPECT_FALSE(queue.has_to_deliver());
  queue.logged();
  EXPECT_EQ(queue.deliver().id.id, 1U);
  EXPECT_FALSE(queue.has_to_deliver()) << "one at a time";
  EXPECT_TRUE(queue.has_to_log()) << "a slow callback does not keep it";
  EXPECT_EQ(queue.log().size(), 1U);
  queue.logged();
  queue.delivered();
  for (uint64_t i = 2; i <= 4; ++i) {
    ASSERT_TRUE(queue.has_to_deliver());
    EXPECT_EQ(queue.deliver().id.id, i);
    EXPECT_FALSE(queue.idle());
    queue.delivered();
  }
  EXPECT_TRUE(queue.idle());
  EXPECT_FALSE(queue.has_to_log());
}

TEST(EventQueueTest, GapsAndConflictsAreNeverDropped) {
  EventQueue queue;
  queue.push(event(TIDEMARK_EVENT_GAP, 1));
  queue.push(event(TIDEMARK_EVENT_CONFLICT, 2));
  for (size_t i = 0; i < EventQueue::kMostDroppable + 100; ++i) {
    queue.push(event(i < 100 ? TIDEMARK_EVENT_FAILING : TIDEMARK_EVENT_RECOVERED));
    queue.push(event(i % 2 == 0 ? TIDEMARK_EVENT_GAP : TIDEMARK_EVENT_CONFLICT));
  }
  EXPECT_EQ(queue.dropped(), 100U);
  log_all(queue);
  size_t kept = 0, rest = 0;
  while (queue.has_to_deliver()) {
    const EventNotice notice = queue.deliver();
    EXPECT_NE(notice.kind, TIDEMARK_EVENT_FAILING) << "the oldest go first";
    ++(notice.kind == TIDEMARK_EVENT_RECOVERED ? rest : kept);
    queue.delivered();
  }
  EXPECT_EQ(kept, EventQueue::kMostDroppable + 102);
  EXPECT_EQ(rest, EventQueue::kMostDroppable);
}

}  // namespace
}  // namespace tidemark::runtime
