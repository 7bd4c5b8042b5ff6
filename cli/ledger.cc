#include "ledger.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace tidemark::cli {

namespace {

constexpr int64_t kDayUs = int64_t{86400} * 1'000'000;
constexpr std::array<int64_t, 3> kAgesUs = {kDayUs, 7 * kDayUs, 30 * kDayUs};
constexpr int kSaveShare = 20;  // saving takes at most this part of the time

const Checked* find_in(const CheckedObjects& objects, const Checked& wanted) {
  const auto found = std::lower_bound(objects.begin(), objects.end(), wanted, comes_before);
  return found != objects.end() && !comes_before(wanted, *found) ? &*found : nullptr;
}

}  // namespace

bool is_in_scope(const std::string& name, const Scope& scope) {
  if (scope.storage.empty()) return true;
  return scope.partition ? name == partition_text(scope.storage, *scope.partition)
                         : name.starts_with(scope.storage + "/");
}

Result<void> Ledger::load(const std::string& path, const std::string& url, const Scope& scope, Share reread,
                          int64_t now_us) {
  path_ = path;
  url_ = url;
  now_us_ = now_us;
  if (path.empty()) return {};
  TM_ASSIGN(known_, load_checkpoint(path, url));
  // Later than all others, whatever the clock says: the order of checks must not turn around.
  for (const auto& [name, objects] : known_) {
    for (const Checked& object : objects) now_us_ = std::max(now_us_, object.checked_us + 1);
  }
  choose_due(scope, reread);
  return {};
}

void Ledger::choose_due(const Scope& scope, Share share) {
  std::map<int64_t, uint64_t> by_time;  // as many as there were runs
  uint64_t total = 0;
  for (const auto& [name, objects] : known_) {
    if (!is_in_scope(name, scope)) continue;
    for (const Checked& object : objects) {
      if (object.checked_us == 0) continue;
      ++by_time[object.checked_us];
      ++total;
    }
  }
  uint64_t left = total / share.of * share.part + (total % share.of * share.part + share.of - 1) / share.of;
  if (left == 0) return;
  for (const auto& [time_us, count] : by_time) {
    due_us_ = time_us;
    if (count >= left) break;
    left -= count;
  }
  is_some_due_ = true;
  for (const auto& [name, objects] : known_) {
    if (!is_in_scope(name, scope)) continue;
    for (size_t i = 0; i < objects.size(); ++i) {
      if (objects[i].checked_us != due_us_) continue;
      due_name_ = name;
      due_index_ = i;
      if (--left == 0) return;
    }
  }
}

const CheckedObjects* Ledger::objects_of(const std::string& name) const {
  const auto found = known_.find(name);
  return found != known_.end() ? &found->second : nullptr;
}

const Checked* Ledger::find(const Stored& stored) const {
  const CheckedObjects* objects = objects_of(partition_text(stored.storage, stored.partition));
  if (objects == nullptr || !is_ours(stored)) return nullptr;
  return find_in(*objects, to_checked(stored, 0));
}

bool Ledger::may_skip(const Stored& stored) const {
  const Checked* known = find(stored);
  if (known == nullptr || *known != to_checked(stored, known->checked_us) || known->checked_us == 0)
    return false;
  if (!is_some_due_ || known->checked_us > due_us_) return true;
  if (known->checked_us < due_us_) return false;
  const std::string name = partition_text(stored.storage, stored.partition);
  const auto index = static_cast<size_t>(known - objects_of(name)->data());
  return std::tie(name, index) > std::tie(due_name_, due_index_);
}

void Ledger::begin(const std::string& name) {
  current_ = name;
  here_.clear();
  unknown_.clear();
  has_reported_ = false;
}

void Ledger::right(const Stored& stored, bool was_read) {
  if (path_.empty()) return;
  const Checked* known = find(stored);
  newest_reported_ = to_checked(stored, was_read || known == nullptr ? now_us_ : known->checked_us);
  has_reported_ = true;
  here_.push_back(newest_reported_);
  if (stored.kind != TIDEMARK_STORED_ARCHIVE) return;
  if (!was_read) ages_.add(newest_reported_.checked_us, now_us_);
  if (was_read && known != nullptr) ++read_again_;
}

void Ledger::not_right(const Stored& stored) {
  if (path_.empty() || !is_ours(stored)) return;
  newest_reported_ = to_checked(stored, 0);
  has_reported_ = true;
  if (const Checked* known = find(stored); known != nullptr) {
    here_.push_back(*known);
    here_.back().checked_us = 0;
  } else {
    unknown_.push_back(newest_reported_);
  }
}

void Ledger::Ages::add(int64_t checked_us, int64_t now_us) {
  const auto* age = std::find_if(kAgesUs.begin(), kAgesUs.end(),
                                 [&](int64_t age_us) { return now_us - checked_us <= age_us; });
  ++archives[static_cast<size_t>(age - kAgesUs.begin())];
  oldest_us = oldest_us == 0 ? checked_us : std::min(oldest_us, checked_us);
}

std::vector<Gone> Ledger::end(const std::vector<HistoryEnd>& histories, uint64_t pruned_through) {
  PartitionLosses losses;
  if (const CheckedObjects* known = objects_of(current_); known != nullptr) {
    CheckedObjects lost, there;
    std::set_difference(known->begin(), known->end(), here_.begin(), here_.end(), std::back_inserter(lost),
                        comes_before);
    if (!lost.empty()) {
      std::merge(here_.begin(), here_.end(), unknown_.begin(), unknown_.end(), std::back_inserter(there),
                 comes_before);
      losses = find_gone(current_, lost, there, histories, pruned_through);
    }
    // What else is missing is a hole.
    const auto middle = here_.insert(here_.end(), losses.of.begin(), losses.of.end());
    std::inplace_merge(here_.begin(), middle, here_.end(), comes_before);
  }
  reached_[current_] = std::exchange(here_, {});
  unknown_.clear();
  current_.clear();
  return std::move(losses.gone);
}

std::vector<Gone> Ledger::unseen(const Scope& scope) const {
  std::vector<Gone> all;
  for (const auto& [name, objects] : known_) {
    if (!is_in_scope(name, scope) || reached_.count(name) > 0) continue;
    if (!objects.empty()) all.push_back(all_gone(name, objects.back()));
  }
  return all;
}

Result<void> Ledger::save(bool now) {
  const auto begin = std::chrono::steady_clock::now();
  if (path_.empty() || (!now && begin - saved_ < interval_)) return {};
  std::map<std::string, const CheckedObjects*> partitions;
  for (const auto& [name, objects] : known_) partitions[name] = &objects;
  for (const auto& [name, objects] : reached_) partitions[name] = &objects;
  CheckedObjects current = here_;  // and what was known of the rest of it
  if (!current_.empty()) {
    if (const CheckedObjects* known = objects_of(current_); known != nullptr) {
      std::copy_if(known->begin(), known->end(), std::back_inserter(current), [&](const Checked& object) {
        return !has_reported_ || comes_before(newest_reported_, object);
      });
    }
    partitions[current_] = &current;
  }
  auto saved = save_checkpoint(path_, url_, partitions);
  saved_ = std::chrono::steady_clock::now();
  interval_ = std::max(interval_, (saved_ - begin) * kSaveShare);
  return saved;
}

}  // namespace tidemark::cli
