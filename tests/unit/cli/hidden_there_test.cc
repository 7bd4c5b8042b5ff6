#include "hidden_there.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

TEST(HiddenThere, WhatLiesBelowTheRecord) {
  HiddenThere hidden;
  hidden.add(1);
  EXPECT_EQ(hidden.archives(), 0u);
  hidden.pruned_there(3);
  hidden.add(3);  // its key comes after that of the record
  hidden.add(4);
  EXPECT_EQ(hidden.archives(), 2u);
  EXPECT_EQ(hidden.through(), 3u);
  hidden.pruned_there(5);  // a newer record
  hidden.add(6);
  EXPECT_EQ(hidden.archives(), 3u);
  EXPECT_EQ(hidden.through(), 5u);
}

TEST(HiddenThere, WhatTheSourceHidesToo) {
  HiddenThere less;
  less.add(1);
  less.pruned_at_source(2);
  less.add(2);
  less.add(3);
  less.pruned_there(4);
  EXPECT_EQ(less.archives(), 1u);
  HiddenThere more;
  more.add(1);
  more.pruned_there(2);
  more.add(3);
  more.pruned_at_source(3);
  more.add(3);
  more.add(4);
  EXPECT_EQ(more.archives(), 0u);
  HiddenThere same;
  same.add(1);
  same.pruned_at_source(2);
  same.pruned_there(2);
  same.add(2);
  EXPECT_EQ(same.archives(), 0u);
}

}  // namespace
}  // namespace tidemark::cli
