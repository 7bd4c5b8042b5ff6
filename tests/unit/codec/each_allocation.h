// Runs something with each of its allocations failing once. For programs linked with starved/faults.cc. One
// thread.
#ifndef TIDEMARK_TESTS_UNIT_CODEC_EACH_ALLOCATION_H
#define TIDEMARK_TESTS_UNIT_CODEC_EACH_ALLOCATION_H

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/guard.h"
#include "starved/faults.h"

namespace tidemark::test {

// `body` gets what it needs for one try; while it runs, only what it tests allocates. Where memory was short
// it must say so, as a value or by bad_alloc; `again` is then run with memory enough. Gives how many failed.
inline uint64_t with_each_allocation_failing(const std::function<Status()>& body,
                                             const std::function<void(const std::string& which)>& again) {
  uint64_t failures = 0;
  for (const auto way : {starved::Way::kNew, starved::Way::kMalloc}) {
    for (uint64_t number = 1;; ++number) {
      starved::arm({starved::Thread::kWorker, way, number, 1});
      const Status status = guarded(body);
      starved::disarm();
      const std::string which = (way == starved::Way::kNew ? "new " : "malloc ") + std::to_string(number);
      if (starved::failed() == 0) {
        EXPECT_TRUE(status) << which << ": " << status.error().message;
        break;
      }
      ++failures;
      EXPECT_TRUE(!status && is_out_of_memory(status.error()))
          << which << ": " << (status ? "no error" : status.error().message);
      again(which);
    }
  }
  return failures;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_CODEC_EACH_ALLOCATION_H
