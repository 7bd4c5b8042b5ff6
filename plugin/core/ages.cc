#include "core/ages.h"

#include <algorithm>
#include <cassert>

namespace tidemark::core {

// A bucket is begun only for what is newer than everything: so what was added to one is found there again.
void Ages::add(TimeMs since) {
  if (size_ == 0 || since > newest_) {
    if (size_ == kBuckets) join_two();
    buckets_[size_++] = {since, 1};
    newest_ = since;
    return;
  }
  buckets_[0].from = std::min(buckets_[0].from, since);
  ++buckets_[bucket_of(since)].count;
}

void Ages::remove(TimeMs since) {
  const size_t bucket = bucket_of(since);
  assert(buckets_[bucket].count > 0);
  if (--buckets_[bucket].count == 0) erase(bucket);
}

size_t Ages::bucket_of(TimeMs since) const {
  assert(size_ > 0 && buckets_[0].from <= since);
  const auto after = std::upper_bound(buckets_.begin(), buckets_.begin() + size_, since,
                                      [](TimeMs time, const Bucket& bucket) { return time < bucket.from; });
  return static_cast<size_t>(after - buckets_.begin()) - 1;
}

void Ages::erase(size_t bucket) {
  std::copy(buckets_.begin() + bucket + 1, buckets_.begin() + size_, buckets_.begin() + bucket);
  --size_;
}

// Joins the two neighbours where it makes the least difference, measured by their age.
void Ages::join_two() {
  const auto loss = [this](size_t i) {
    return static_cast<double>(buckets_[i + 1].from - buckets_[i].from) /
           static_cast<double>(newest_ - buckets_[i].from + 1);
  };
  size_t best = 0;
  for (size_t i = 1; i + 1 < size_; ++i) {
    if (loss(i) < loss(best)) best = i;
  }
  buckets_[best].count += buckets_[best + 1].count;
  erase(best + 1);
}

}  // namespace tidemark::core
