// What info finds out of an archive, as a value: it is printed, and laid out as a page. Pure; one thread.
#ifndef TIDEMARK_CLI_INFO_FACTS_H
#define TIDEMARK_CLI_INFO_FACTS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "archive.h"
#include "format/types.h"

namespace tidemark::cli {

// What is not there, summed up.
struct Losses {
  uint64_t holes = 0, missing_lsns = 0;  // nobody knows why
  uint64_t gaps = 0, gap_lsns = 0;       // recorded, but not accepted
};

// What is said of one partition.
struct Facts {
  std::string storage;
  uint64_t partition = 0;
  uint64_t frontier = 0, first = 0, last = 0;
  uint64_t archives = 0, archive_bytes = 0;
  int64_t oldest_us = 0, newest_us = 0;
  Losses losses;
  uint64_t accepted_records = 0, pruned_through = 0, origin_through = 0, overruled = 0, foreign = 0;
  bool has_remnants = false, holds_something = false;
  std::vector<std::string> damaged;  // records and what is irregular
  std::vector<Range> recorded;       // losses, accepted or not: the first of them
  std::vector<Stored> hidden;        // archives that have some of them, see hidden.h; no two the same
};

struct Amount {
  uint64_t archives = 0, size_bytes = 0;
  void add(const Amount& other) {
    archives += other.archives;
    size_bytes += other.size_bytes;
  }
};

// How much became of which day, by the sink's time, and how it is stored. Memory does not grow: of more days
// than kMostDays the oldest are one amount.
//
// Of what is compressed it keeps a sample, whose footers say how much it was: those whose keys have the
// lowest hashes, so that it is the same in whatever order they come.
class Growth {
 public:
  static constexpr size_t kMostSampled = 200;
  struct Sampled {
    std::string key;
    uint64_t size_bytes = 0;
  };
  static constexpr size_t kMostDays = 4000;

  void add(const Stored& archive) {
    const Amount one{1, archive.size_bytes};
    add(day_of(archive.modified_us), one);
    codings_[archive.coding].add(one);
    if (archive.coding == ".zst") sample({archive.key, archive.size_bytes});
  }
  void add(const Growth& other) {
    earlier_.add(other.earlier_);
    for (const auto& [day, amount] : other.days_) add(day, amount);
    for (const auto& [coding, amount] : other.codings_) codings_[coding].add(amount);
    for (const auto& [hash, one] : other.sampled_) sample(one);
  }

  const std::map<int64_t, Amount>& days() const { return days_; }  // by the number of days since 1970
  const Amount& earlier() const { return earlier_; }               // than all of these
  const std::map<std::string, Amount>& codings() const { return codings_; }     // by Stored::coding
  const std::multimap<uint64_t, Sampled>& sampled() const { return sampled_; }  // by hash
  // A day whose beginning is a time: the first that there is begins before all times.
  static int64_t day_of(int64_t time_us) {
    return std::max(time_us / kDayUs - (time_us % kDayUs < 0 ? 1 : 0), INT64_MIN / kDayUs);
  }
  static constexpr int64_t kDayUs = int64_t{86'400} * 1'000'000;

 private:
  void add(int64_t day, const Amount& amount) {
    days_[day].add(amount);
    if (days_.size() <= kMostDays) return;
    earlier_.add(days_.begin()->second);
    days_.erase(days_.begin());
  }

  void sample(const Sampled& one) {
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, whose high bits neighbours share: mixed once more
    for (const char c : one.key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccd;
    hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53;
    hash ^= hash >> 33U;
    if (sampled_.size() == kMostSampled && hash >= sampled_.rbegin()->first) return;
    sampled_.emplace(hash, one);
    if (sampled_.size() > kMostSampled) sampled_.erase(std::prev(sampled_.end()));
  }

  std::map<int64_t, Amount> days_;
  Amount earlier_;
  std::map<std::string, Amount> codings_;
  std::multimap<uint64_t, Sampled> sampled_;
};

// What the footers of the sample say.
struct PlainSizes {
  uint64_t archives = 0, stored_bytes = 0, plain_bytes = 0;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_INFO_FACTS_H
