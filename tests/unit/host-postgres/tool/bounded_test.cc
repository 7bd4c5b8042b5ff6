// Work that hangs ends, and it is known where.
#include "tool/bounded.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace tidemark::postgres {
namespace {

TEST(Bounded, GivesTheCode) {
  const auto done = run_bounded(60'000, [](const SayStage& say) {
    say("one");
    say("two\nlines");
    return 7;
  });
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->is_finished);
  EXPECT_EQ(done->code, 7);
  EXPECT_EQ(done->stage, "two lines");
}

TEST(Bounded, EndsWhatHangs) {
  const auto done = run_bounded(200, [](const SayStage& say) {
    say("the sink");
    for (;;) ::pause();
    return 0;
  });
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->is_finished);
  EXPECT_EQ(done->stage, "the sink");
}

TEST(Bounded, ManyStages) {
  const auto done = run_bounded(60'000, [](const SayStage& say) {
    for (int i = 0; i < 10'000; ++i) say("stage " + std::to_string(i));
    return 0;
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(done->stage, "stage 9999");
}

TEST(Bounded, OneThatIsKilledHasNotFinished) {
  const auto done = run_bounded(60'000, [](const SayStage&) {
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->is_finished);
}

}  // namespace
}  // namespace tidemark::postgres
