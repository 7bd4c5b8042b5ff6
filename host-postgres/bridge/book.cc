#include "bridge/book.h"

#include <algorithm>
#include <utility>

namespace tidemark::postgres {

Book::Partition& Book::partition(const Key& key) {
  auto found = partitions_.find(key);
  if (found == partitions_.end()) {
    if (partitions_.size() >= kPartitionsMax) {
      const auto oldest = std::min_element(
          partitions_.begin(), partitions_.end(),
          [](const auto& one, const auto& other) { return one.second.used < other.second.used; });
      forgot_gaps_ = forgot_gaps_ || !oldest->second.gaps.empty() || oldest->second.low > 1;
      partitions_.erase(oldest);
    }
    found = partitions_.try_emplace(key).first;
  }
  found->second.used = ++uses_;
  return found->second;
}

// The gaps stay: the archiver does not report all of an earlier run again.
void Book::begin_run() {
  for (auto& [key, partition] : partitions_) {
    partition.acknowledged = 0;
    partition.low = 0;
    partition.failing.clear();
  }
  failing_storages_.clear();
  all_failing_.clear();
  is_found_ = false;
  news_ = true;
}

// Only what reaches the file that is waited for is news: a wake-up for each acknowledge would be one for
// nothing.
void Book::tell(const Key& key, uint64_t lsn) {
  if (is_waiting_ && key == Key(offered_.storage, offered_.partition) && lsn >= offered_.lsn) {
    news_ = true;
    was_late_ = false;
  }
}

void Book::notifying(const Place& place, uint64_t low) {
  Partition& of = partition({place.storage, place.partition});
  if (of.low == 0) of.low = low;
}

void Book::acknowledged(const std::string& storage, uint64_t id, uint64_t lsn) {
  const Key key(storage, id);
  Partition& of = partition(key);
  if (lsn > of.acknowledged) {
    of.acknowledged = lsn;
    was_late_ = false;  // it is slow, but it works
  }
  tell(key, lsn);
}

std::map<uint64_t, uint64_t> Book::acknowledged_of(const std::string& storage) const {
  std::map<uint64_t, uint64_t> found;
  for (const auto& [key, of] : partitions_) {
    if (key.first == storage && of.acknowledged != 0) found[key.second] = of.acknowledged;
  }
  return found;
}

void Book::gap(const std::string& storage, uint64_t id, uint64_t first, uint64_t last) {
  std::vector<Gap>& gaps = partition({storage, id}).gaps;
  gaps.push_back({first, last});
  std::sort(gaps.begin(), gaps.end(), [](Gap one, Gap other) { return one.first < other.first; });
  const auto join = [&gaps](size_t at) {
    gaps[at].last = std::max(gaps[at].last, gaps[at + 1].last);
    gaps.erase(gaps.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  };
  for (size_t i = 0; i + 1 < gaps.size();) {
    if (gaps[i + 1].first <= gaps[i].last + 1) {
      join(i);
    } else {
      ++i;
    }
  }
  while (gaps.size() > kGapsMax) {
    size_t nearest = 0;
    for (size_t i = 1; i + 1 < gaps.size(); ++i) {
      if (gaps[i + 1].first - gaps[i].last < gaps[nearest + 1].first - gaps[nearest].last) nearest = i;
    }
    join(nearest);
  }
}

void Book::failing(const std::string& storage, uint64_t id, uint64_t first, std::string message,
                   bool is_other) {
  const Key key(storage, id);
  Partition& of = partition(key);
  of.failing_first = first;
  of.failing = std::move(message);
  of.is_other = is_other;
  news_ = news_ || (is_waiting_ && key == Key(offered_.storage, offered_.partition));
}

void Book::recovered(const std::string& storage, uint64_t id) {
  const Key key(storage, id);
  partition(key).failing.clear();
  news_ = news_ || (is_waiting_ && key == Key(offered_.storage, offered_.partition));
}

void Book::all_failing(std::string message) {
  all_failing_ = std::move(message);
  news_ = news_ || is_waiting_;
}

void Book::storage_failing(const std::string& storage, std::string message) {
  constexpr size_t kStoragesMax = 64;
  if (failing_storages_.size() < kStoragesMax || failing_storages_.count(storage) != 0)
    failing_storages_[storage] = std::move(message);
  news_ = news_ || (is_waiting_ && storage == offered_.storage);
}

bool Book::lent(const Place& place) {
  if (!is_waiting_ && place == offered_) return false;
  ++loans_[{{place.storage, place.partition}, place.lsn}];
  return true;
}

void Book::returned(const Place& place) {
  const Key key(place.storage, place.partition);
  const auto found = loans_.find({key, place.lsn});
  if (found == loans_.end()) return;
  if (--found->second == 0) loans_.erase(found);
  if (is_waiting_ && place == offered_) news_ = true;
}

void Book::offer(const Place& place, uint64_t now_ms, uint32_t timeout_ms) {
  const bool is_again = is_waiting_ && place == offered_;
  offered_ = place;
  is_waiting_ = true;
  is_found_ = false;
  offered_ms_ = now_ms;
  patience_ms_ = is_again && was_late_ ? std::min(timeout_ms, kAgainMs) : timeout_ms;
  was_late_ = false;
  news_ = false;
}

bool Book::is_doubtful(const Partition& partition, uint64_t lsn) const {
  return forgot_gaps_ || lsn < partition.low ||
         std::any_of(partition.gaps.begin(), partition.gaps.end(),
                     [lsn](Gap gap) { return gap.first <= lsn && lsn <= gap.last; });
}

std::string Book::failure(const Partition& partition) const {
  if (!all_failing_.empty()) return all_failing_;
  if (const auto of = failing_storages_.find(offered_.storage); of != failing_storages_.end())
    return of->second;
  return partition.failing_first <= offered_.lsn ? partition.failing : std::string();
}

Answer Book::answer(uint64_t now_ms) {
  const Partition& of = partition({offered_.storage, offered_.partition});
  const bool is_lent = loans_.count({{offered_.storage, offered_.partition}, offered_.lsn}) != 0;
  const uint64_t waited_ms = now_ms - offered_ms_;
  const auto left_ms = [waited_ms](uint32_t patience_ms) {
    return waited_ms < patience_ms ? static_cast<uint32_t>(patience_ms - waited_ms) : 0;
  };
  if (of.acknowledged >= offered_.lsn && !is_lent) {
    if (is_doubtful(of, offered_.lsn) && !is_found_) return {Verdict::kLookUp, left_ms(patience_ms_), {}};
    is_waiting_ = false;
    return {Verdict::kArchived, 0, {}};
  }
  std::string why = failure(of);
  const uint32_t patience_ms = why.empty() ? patience_ms_ : std::min(patience_ms_, kFailedMs);
  if (left_ms(patience_ms) > 0) return {Verdict::kWait, left_ms(patience_ms), {}};
  if (why.empty()) {
    was_late_ = true;
    why = "is not archived yet: the sink is slow";
  }
  const bool is_other = of.is_other && why == of.failing;
  return {Verdict::kFailed, 0, std::move(why), is_other};
}

void Book::found() {
  is_found_ = true;
  Partition& of = partition({offered_.storage, offered_.partition});
  std::vector<Gap> kept;
  for (const Gap gap : of.gaps) {
    if (offered_.lsn < gap.first || offered_.lsn > gap.last) {
      kept.push_back(gap);
      continue;
    }
    if (gap.first < offered_.lsn) kept.push_back({gap.first, offered_.lsn - 1});
    if (offered_.lsn < gap.last) kept.push_back({offered_.lsn + 1, gap.last});
  }
  of.gaps = std::move(kept);
}

}  // namespace tidemark::postgres
