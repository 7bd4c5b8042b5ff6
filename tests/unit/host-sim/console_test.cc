#include "console.h"

#include <gtest/gtest.h>

namespace tidemark::host {
namespace {

TEST(Progress, ShowsRateLagAndTimeLeftAndFits) {
  const ProgressState state{50, 200, 7, true};
  EXPECT_EQ(progress_text(state, 10, 0), "25 %  50/200  10/s  lag 7  15 s left");
  EXPECT_EQ(progress_text(state, -1, 0), "25 %  50/200  lag 7");
  for (unsigned columns : {5u, 20u, 60u, 80u, 200u})
    EXPECT_LE(progress_text(state, 10, columns).size(), columns);
  EXPECT_EQ(progress_text(state, 10, 80).front(), '[');
  EXPECT_EQ(progress_text({0, 0, 0, false}, -1, 0), "100 %  0/0");
}

}  // namespace
}  // namespace tidemark::host
