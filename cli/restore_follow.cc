#include "restore_follow.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "format/object_name.h"
#include "restore_space.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kSearchShare = 20;  // of the time, one part at most

// One partition from round to round.
struct Followed {
  std::optional<RestoreDir> dir;  // once its lock is held
  std::optional<uint64_t> next;   // the first entry that it lacks; nothing: it has not begun
  int code = kExitOk;             // of the last round
  std::string said;               // what stands in its way, said once
  std::string lacks;              // what was pruned before this run, in the middle of what DIR has
  bool is_stopped = false;        // what is wrong does not get right by itself
  bool has_other_history = false;
  uint64_t epoch = 0;  // the newest of the history of what was brought; 0: nothing was yet
  uint64_t brought = 0;
};

// Each partition keeps its directory locked.
void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

class Follower {
 public:
  Follower(const RestoreOptions& options, RestoreRun& run, const FindPartitions& find,
           const OptionsFor& options_for)
      : options_(options), run_(run), find_(find), options_for_(options_for), output_(options.json) {}

  int run() {
    raise_open_files();
    while (!interrupted()) {
      round();
      if (auto written = output_.finish(); !written) return finish(output_, kExitOk);
      if (is_over()) break;
      wait();
    }
    return tell_end();
  }

 private:
  // Nothing is followed any more, because the archive has another history now: that does not change.
  bool is_over() const {
    return !partitions_.empty() && std::all_of(partitions_.begin(), partitions_.end(),
                                               [](const auto& one) { return one.second.has_other_history; });
  }

  void round() {
    run_.histories.forget();
    if (auto found = look_for_new(); !found) return tell_sink(found.error().message);
    names_.clear();
    sink_trouble_.clear();
    std::vector<Followed*> followed;
    for (const PartitionName& name : known_) {
      Followed& one = partitions_[{name.storage, name.id}];
      if (one.is_stopped) continue;
      names_.push_back(name);
      followed.push_back(&one);
    }
    // What goes wrong is said here, once for all rounds in which it does.
    (void)side_by_side(names_.size(), options_.jobs, names_, [&](size_t i) {
      PartitionOutcome outcome;
      outcome.code = look_at(names_[i], *followed[i]);
      return outcome;
    });
    tell_sink(sink_trouble_);
  }

  // Of a run of several partitions. Where there are very many it takes long, and is not done in every round.
  Result<void> look_for_new() {
    const auto begun = Clock::now();
    if (begun < next_search_) return {};
    TM_ASSIGN(known_, find_());
    // The shorter of two: one may have waited for a sink that was away.
    const auto took = Clock::now() - begun;
    next_search_ = Clock::now() + std::min(took, std::exchange(search_took_, took)) * kSearchShare;
    return {};
  }

  void tell_sink(const std::string& trouble) {
    if (interrupted()) return;
    if (trouble.empty() && !sink_said_.empty()) console().print("the archive can be reached again");
    say_once(sink_said_, trouble.empty() ? "" : trouble + "; it is asked again and again", true);
  }

  // With `is_going_on` it is what was said already, though each time in other words.
  static void say_once(std::string& said, const std::string& message, bool is_going_on) {
    const bool is_known = message == said || (is_going_on && !said.empty());
    said = message;
    if (!message.empty() && !is_known) console().print(message);
  }

  // Runs on any thread; each partition is on one at a time.
  int look_at(const PartitionName& name, Followed& followed) TM_EXCLUDES(mutex_) {
    RestoreOptions options = options_for_(name);
    if (followed.next) continue_at(options, *followed.next);
    Stop stop;
    const auto chain = run_.histories.chosen(name.storage, stop);
    if (!chain) {
      note(name, followed, outcome_of(chain.error()), "");
      return chain.error().exit_code;
    }
    if (followed.epoch > 0 && !chain->contains(followed.epoch)) return stop_following(name, followed, *chain);
    PartitionRestore restore(options, run_);
    if (followed.next) restore.continue_from(followed.epoch);
    if (followed.dir) restore.use_dir(std::move(*followed.dir));
    followed.dir.reset();
    const PartitionOutcome outcome = bring(options, restore, followed);
    if (followed.next) followed.epoch = chain->newest();
    followed.has_other_history = restore.has_other_history();
    std::string waits = restore.waits_for();
    // What went wrong may have left entries in DIR that were not there when it was listed.
    if (restore.has_lock() && outcome.code == kExitOk) followed.dir = restore.take_dir();
    if (interrupted()) {
      // What it waited for has come, though the round did not end.
      if (restore.counts().restored > 0 && !followed.is_stopped) {
        followed.code = followed.lacks.empty() ? kExitOk : kExitData;
        followed.said.clear();
      }
      return outcome.code;
    }
    if (!followed.next && waits.empty() && restore.survey().plan().is_empty())
      waits = "nothing of it is there yet";
    note(name, followed, outcome, waits);
    return outcome.code;
  }

  int stop_following(const PartitionName& name, Followed& followed, const Chain& chain) {
    followed.has_other_history = true;
    const Error error{kExitData, "epoch " + std::to_string(chain.newest()) + " does not continue epoch " +
                                     std::to_string(followed.epoch) +
                                     ", whose history was restored so far: " + kOtherHistory};
    note(name, followed, outcome_of(error), "");
    return kExitData;
  }

  // What --prefer names may lie before that.
  static void continue_at(RestoreOptions& options, uint64_t next) {
    options.from = next;
    std::erase_if(options.prefer, [&](const std::string& key) {
      const auto parsed = parse_object_key(key);
      return parsed && parsed->name.range.last < next;
    });
  }

  PartitionOutcome bring(const RestoreOptions& options, PartitionRestore& restore, Followed& followed) {
    if (auto listed = restore.list(); !listed) return outcome_of(listed.error());
    if (const auto looked = restore.look()) return *looked;
    if (!followed.next) {
      followed.lacks = restore.overtaken();
      if (auto fits = check_space(options, restore.counts()); !fits) return outcome_of(fits.error());
    }
    run_.all_bytes += restore.counts().all_bytes();
    const PartitionOutcome outcome = restore.work();
    if (restore.reached() > 0 && restore.reached() < UINT64_MAX) followed.next = restore.reached() + 1;
    followed.brought += restore.counts().restored;
    if (restore.counts().restored > 0) {
      Output output(options.json);
      output.object(outcome.summary);
      output.line(outcome.row);
      (void)output.finish();
    }
    return outcome;
  }

  void note(const PartitionName& name, Followed& followed, const PartitionOutcome& outcome,
            const std::string& waits) TM_EXCLUDES(mutex_) {
    if (outcome.code == kExitSink) {  // said once for all
      MutexLock lock(mutex_);
      sink_trouble_ = outcome.problem;
      return;
    }
    const bool is_going_on = outcome.code == kExitLocal && followed.code == kExitLocal;
    followed.code = outcome.code;
    if (outcome.code == kExitOk && (!waits.empty() || !followed.lacks.empty())) followed.code = kExitData;
    followed.is_stopped = outcome.code == kExitData || outcome.code == kExitUsage;
    std::string message = outcome.problem.empty() ? waits : outcome.problem;
    if (followed.is_stopped) {
      message += "; this partition is not followed any more";
    } else if (outcome.code != kExitOk) {
      message += "; it is tried again";
    }
    if (!message.empty()) message = named(partition_text(name.storage, name.id), message);
    say_once(followed.said, message, is_going_on);
  }

  void wait() const {
    const auto until = Clock::now() + microseconds(*options_.follow_us);
    while (!interrupted() && Clock::now() < until)
      std::this_thread::sleep_for(
          std::min<microseconds>(milliseconds(50), microseconds(*options_.follow_us)));
  }

  int tell_end() {
    int worst = sink_said_.empty() ? kExitOk : kExitSink;
    std::vector<std::string> failed;
    uint64_t complete = 0;
    for (const auto& [name, followed] : partitions_) {
      worst = std::max(worst, followed.code);
      const std::string text = partition_text(name.first, name.second);
      const std::string& why = followed.said.empty() ? followed.lacks : followed.said;
      if (followed.code == kExitOk) {
        ++complete;
      } else {
        failed.push_back(text);
      }
      output_.line("followed " + text + (followed.next ? " up to LSN " + both(*followed.next - 1) : "") +
                   ", " + count_text(followed.brought, "entry", "entries") + " restored" +
                   (why.empty() ? "" : ": " + why));
    }
    Json object;
    object["type"] = "total";
    object["partitions"] = partitions_.size();
    object["complete"] = complete;
    object["failed"] = failed;
    object["not_tried"] = 0;
    output_.object(object);
    return finish(output_, worst);
  }

  const RestoreOptions& options_;
  RestoreRun& run_;
  const FindPartitions& find_;
  const OptionsFor& options_for_;
  Output output_;
  std::vector<PartitionName> names_;  // of this round
  std::map<std::pair<std::string, uint64_t>, Followed> partitions_;
  std::vector<PartitionName> known_;
  Clock::time_point next_search_{};
  Clock::duration search_took_{};
  std::string sink_said_;
  Mutex mutex_;
  std::string sink_trouble_;  // guarded by mutex_ while others run
};

}  // namespace

int follow(const RestoreOptions& options, RestoreRun& run, const FindPartitions& find,
           const OptionsFor& options_for) {
  return Follower(options, run, find, options_for).run();
}

}  // namespace tidemark::cli
