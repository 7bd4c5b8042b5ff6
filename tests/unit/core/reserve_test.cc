#include "core/reserve.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <list>
#include <numeric>
#include <vector>

#include "instrumented.h"

namespace tidemark::core {
namespace {

// More than there is: what a container asks for beyond it can only come from what was ensured.
constexpr size_t kNobodyHas = SIZE_MAX / 4;

TEST(Reserve, WhatNobodyHasIsRefusedBeforehand) {
  if (test::kIsInstrumented) GTEST_SKIP() << "a sanitizer ends the process that asks for it";
  Reserve reserve;
  EXPECT_THROW(reserve.ensure(kNobodyHas), std::bad_alloc);
  reserve.ensure(100);
  EXPECT_THROW(reserve.ensure(kNobodyHas), std::bad_alloc);
  void* const memory = reserve.allocate(100);  // the first is still there, and ordinary memory too
  std::memset(memory, 1, 100);
  reserve.free(memory);
}

TEST(Reserve, ContainersGrowShrinkAndMove) {
  Reserve reserve;
  reserve.ensure(1 << 20);
  std::vector<int, Reserved<int>> numbers(&reserve);
  numbers.resize(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::list<int, Reserved<int>> nodes(numbers.begin(), numbers.end(), &reserve);
  std::vector<int, Reserved<int>> moved = std::move(numbers);
  numbers = moved;
  EXPECT_EQ(numbers, moved);
  EXPECT_EQ(std::accumulate(nodes.begin(), nodes.end(), 0), 999 * 1000 / 2);
  moved = {};
  EXPECT_EQ(numbers.get_allocator().reserve(), &reserve);
}

TEST(Reserve, WithoutOneAContainerIsAsAlways) {
  std::vector<int, Reserved<int>> numbers = {1, 2, 3};
  numbers.push_back(4);
  EXPECT_EQ(numbers.size(), 4U);
}

}  // namespace
}  // namespace tidemark::core
