// How long the oldest of many has waited, in little memory whatever their number: the time since when each
// waits is kept with an error of about a tenth of its age.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_AGES_H
#define TIDEMARK_CORE_AGES_H

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/types.h"

namespace tidemark::core {

class Ages {
 public:
  // One that waits since then. Rarely older than all that were added before.
  void add(TimeMs since);
  // One that was added with the same time.
  void remove(TimeMs since);
  // Not after the time since when the oldest waits; kNever: none waits.
  TimeMs oldest() const { return size_ == 0 ? kNever : buckets_[0].from; }

 private:
  static constexpr size_t kBuckets = 256;
  struct Bucket {
    TimeMs from;  // of all in it, the oldest or older
    uint64_t count;
  };
  size_t bucket_of(TimeMs since) const;
  void erase(size_t bucket);
  void join_two();

  std::array<Bucket, kBuckets> buckets_;  // ascending
  size_t size_ = 0;
  TimeMs newest_ = 0;  // of all that were added since it was empty
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_AGES_H
