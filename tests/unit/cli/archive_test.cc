#include "archive.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

TEST(ReadMeter, WhatASecondTryReadsAgainDoesNotCountTwice) {
  std::atomic<uint64_t> total{0};
  ReadMeter first(total), second(total);
  ReadMeter::report(&first, 100);
  ReadMeter::report(&first, 250);
  ReadMeter::report(&second, 40);
  EXPECT_EQ(total, 290u);
  ReadMeter::report(&first, 100);
  EXPECT_EQ(total, 140u);
  ReadMeter::report(&first, 300);
  EXPECT_EQ(total, 340u);
}

}  // namespace
}  // namespace tidemark::cli
