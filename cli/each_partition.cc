#include "each_partition.h"

#include <algorithm>
#include <cassert>
#include <system_error>
#include <thread>

#include "base/mutex.h"
#include "console.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

// A sink or a disk that fails so often in a row, beside what is under way meanwhile, fails for the rest too.
constexpr unsigned kMostInARow = 3;

bool ends_all(int code) { return code == kExitInterrupted || code == kExitPipe; }

std::string name_of(const PartitionName& name) { return partition_text(name.storage, name.id); }

class SideBySide {
 public:
  SideBySide(size_t count, unsigned at_once, const std::vector<PartitionName>& names,
             const std::function<PartitionOutcome(size_t)>& work)
      : names_(names), work_(work), most_in_a_row_(kMostInARow - 1 + at_once), outcomes_(count) {}

  Outcomes run(unsigned at_once) {
    const size_t threads = std::min<size_t>(at_once, outcomes_.size());
    std::vector<std::thread> others;
    others.reserve(threads);
    try {
      for (size_t i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // this machine has no more of them; this thread works too
    }
    work();
    for (std::thread& other : others) other.join();
    return std::move(outcomes_);
  }

 private:
  // Each thread writes the outcomes of the partitions that it took.
  void work() {
    while (const auto index = next()) {
      outcomes_[*index] = work_(*index);
      note(*index);
    }
  }

  std::optional<size_t> next() TM_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (is_over_ || interrupted() || in_a_row_ >= most_in_a_row_ || next_ == outcomes_.size())
      return std::nullopt;
    return next_++;
  }

  void note(size_t index) TM_EXCLUDES(mutex_) {
    const PartitionOutcome& outcome = *outcomes_[index];
    if (!outcome.problem.empty() && !ends_all(outcome.code))
      console().print(named(name_of(names_[index]), outcome.problem));
    MutexLock lock(mutex_);
    if (ends_all(outcome.code)) is_over_ = true;
    in_a_row_ = outcome.code == kExitSink || outcome.code == kExitLocal ? in_a_row_ + 1 : 0;
  }

  const std::vector<PartitionName>& names_;
  const std::function<PartitionOutcome(size_t)>& work_;
  const unsigned most_in_a_row_;
  Outcomes outcomes_;
  Mutex mutex_;
  size_t next_ TM_GUARDED_BY(mutex_) = 0;
  unsigned in_a_row_ TM_GUARDED_BY(mutex_) = 0;
  bool is_over_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace

PartitionOutcome outcome_of(const Error& error) {
  if (interrupted()) return {kExitInterrupted, {}, {}, "interrupted"};
  return {error.exit_code, {}, {}, error.message};
}

int tell_outcome(Output& output, const PartitionOutcome& outcome) {
  if (!outcome.summary.is_null()) output.object(outcome.summary);
  if (!outcome.row.empty()) output.line(outcome.row);
  const int code = finish(output, outcome.code);
  if (!outcome.problem.empty() && code == outcome.code) output.say(outcome.problem);
  return code;
}

Outcomes side_by_side(size_t count, unsigned at_once, const std::vector<PartitionName>& names,
                      const std::function<PartitionOutcome(size_t)>& work) {
  assert(names.size() == count && at_once > 0);
  return SideBySide(count, at_once, names, work).run(at_once);
}

int tell_total(const std::vector<PartitionName>& names, const Irregular& irregular, const Outcomes& outcomes,
               bool json, const std::string& did, const std::string& where) {
  assert(names.size() == outcomes.size());
  Output output(json);
  std::vector<std::string> failed;
  uint64_t complete = 0, not_tried = 0;
  int worst = kExitOk, end = kExitOk;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!outcomes[i]) {
      ++not_tried;
      continue;
    }
    const auto& [code, summary, row, problem] = *outcomes[i];
    if (!summary.is_null()) output.object(summary);
    if (!row.empty()) output.line(row);
    if (ends_all(code)) {
      end = std::max(end, code);
    } else {
      worst = std::max(worst, code);
    }
    if (code == kExitOk) {
      ++complete;
      continue;
    }
    failed.push_back(name_of(names[i]));
    output.line("not all of  " + failed.back() + (problem.empty() ? "" : ": " + problem));
  }
  if (!irregular.is_empty()) {
    worst = std::max<int>(worst, kExitData);
    for (const std::string& key : irregular.keys()) failed.push_back(key);
    output.line("not all of  " + irregular.text());
  }
  Json object;
  object["type"] = "total";
  object["partitions"] = names.size();
  object["complete"] = complete;
  object["failed"] = failed;
  object["not_tried"] = not_tried;
  output.object(object);
  if (not_tried > 0) output.line("not tried   " + count_text(not_tried, "more partition", "more partitions"));
  output.line(did + " " + count_text(complete, "partition", "partitions") + " of " +
              std::to_string(names.size()) + where);
  if (interrupted()) {
    (void)output.finish();
    return fail_with({});
  }
  return finish(output, end != kExitOk ? end : worst);
}

}  // namespace tidemark::cli
