#include "parted_listing.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <optional>
#include <utility>

#include "ordered_pool.h"
#include "workers.h"

namespace tidemark::cli {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Comes after nearly all that lies in a folder; what does not is known by its key.
constexpr const char* kLastOfMost = "\x7F";

bool is_folder(const Stored& stored) { return stored.key.ends_with('/'); }

// Tells a storage that is worth listing in parts.
class Plain {
 public:
  explicit Plain(const ListingPace& pace) : pace_(pace) {}
  bool is_enough(const Stored& stored) {
    if (stored.storage.empty()) return false;
    if (stored.storage != storage_) {
      storage_ = stored.storage;
      objects_ = partitions_ = 0;
      begun_ = Clock::now();
    }
    if (objects_++ == 0 || stored.partition != partition_) ++partitions_;
    partition_ = stored.partition;
    const bool is_much = objects_ >= pace_.plain_objects || Clock::now() - begun_ >= pace_.plain_time;
    return is_much && time_of_one() >= pace_.least_time_of_one;
  }
  Clock::duration time_of_one() const { return (Clock::now() - begun_) / std::max<uint64_t>(partitions_, 1); }

 private:
  const ListingPace& pace_;
  std::string storage_;
  uint64_t partition_ = 0, objects_ = 0, partitions_ = 0;
  Clock::time_point begun_;
};

// What comes next of a storage: folders, and what lies beside them.
struct Entries {
  std::deque<Stored> next;
  std::string storage, after;  // where more of them are
  bool has_more = false;
};

// A storage that is listed in parts.
struct Split {
  explicit Split(Workers& workers) : pool(workers) {}
  Entries entries;
  std::string folder;  // of the partition in which that began
  OrderedPool pool;
};

// What a thread gives back.
struct Listed {
  std::vector<std::string> folders;  // the part
  std::vector<std::string> left;     // of these, what was not begun
  std::unique_ptr<ListedPart> part;
  Result<void> result;
  Clock::duration time_of_one{};
};

class PartedListing {
 public:
  PartedListing(const ListingCalls& calls, const Scope& scope, unsigned jobs, const MakePart& make,
                const ListingPace& pace)
      : calls_(calls), scope_(scope), jobs_(jobs), make_(make), pace_(pace) {}

  Result<void> run() {
    std::string after;
    for (;;) {
      std::optional<Split> split;
      TM_TRY(stopped_unless_done(list_some(after, split)));
      if (!split || is_over_ || !scope_.storage.empty()) return {};
      listed_storage_ = split->entries.storage + "/";
      after = listed_storage_ + kLastOfMost;
    }
  }

 private:
  // One listing of all, to its end or to that of the partition in which it turned out that a storage is
  // large; then what comes after that in this storage.
  Result<void> list_some(const std::string& after, std::optional<Split>& split) {
    const auto part = make_();
    Plain plain(pace_);
    Result<void> begun;
    const auto goes_on = [&](const Stored& stored) {
      if (split) return stored.key.starts_with(split->folder);
      if (jobs_ > 1 && !scope_.partition && plain.is_enough(stored)) {
        time_of_one_ = plain.time_of_one();
        begun = begin(stored, split);
      }
      return begun.has_value();
    };
    TM_TRY(stream({folder_of(scope_)}, after, *part, goes_on));
    TM_TRY(begun);
    end(*part);
    return split ? take_all(split->pool, split->entries) : Result<void>();
  }

  // What comes after the partition that this object lies in is under way while that one is listed to its end.
  Result<void> begin(const Stored& stored, std::optional<Split>& split) {
    if (!workers_) workers_.emplace(jobs_);
    split.emplace(*workers_);
    split->folder = folder_of({stored.storage, stored.partition});
    split->entries = {{}, stored.storage, stored.key, true};
    return submit_more(split->pool, split->entries);
  }

  // Lists on this thread and tells what comes, until `goes_on` says of an object that it does not belong
  // here.
  Result<void> stream(const std::vector<std::string>& folders, const std::string& after, ListedPart& part,
                      const std::function<bool(const Stored&)>& goes_on) {
    const ListObjects list = [&](const std::function<bool(const Stored&)>& visit) {
      return calls_.folders(folders, after, [&](const Stored& stored) {
        if (!listed_storage_.empty() && stored.key.starts_with(listed_storage_)) return true;
        return goes_on(stored) && visit(stored);
      });
    };
    return calls_.prove(list, [&](const Stored& stored, const Proof& proof) {
      part.add(stored, proof);
      return tell(part);
    });
  }

  bool tell(ListedPart& part) {
    if (!is_over_ && !part.tell()) is_over_ = true;
    return !is_over_;
  }

  void end(ListedPart& part) {
    if (is_over_) return;
    part.finish();
    tell(part);
  }

  // What still runs is of no use any more, and the pool waits for it.
  Result<void> stopped_unless_done(Result<void> listed) const {
    if (!listed || is_over_) calls_.stop();
    return listed;
  }

  Result<void> take_all(OrderedPool& pool, Entries& entries) {
    while (!is_over_) {
      TM_TRY(submit_more(pool, entries));
      if (pool.pending() == 0) return {};
      if (const auto epilogue = pool.take(milliseconds(100))) (*epilogue)();
      if (failed_) return *failed_;
      if (interrupted()) return Error{kExitInterrupted, "interrupted"};
    }
    return {};
  }

  bool is_busy(OrderedPool& pool) const { return pool.pending() >= size_t{jobs_} * 2; }

  Result<void> submit_more(OrderedPool& pool, Entries& entries) {
    submit(pool, entries, 1);
    while (!is_busy(pool) && entries.has_more) TM_TRY(refill(pool, entries));
    return {};
  }

  // Of what comes next, as long as that is so many.
  void submit(OrderedPool& pool, Entries& entries, size_t least) {
    while (!is_busy(pool) && entries.next.size() >= least) {
      if (is_folder(entries.next.front())) {
        submit_part(pool, take_folders(entries));
        continue;
      }
      pool.submit_done([this, stored = entries.next.front()] {
        const auto part = make_();
        part->add(stored, {});
        end(*part);
      });
      entries.next.pop_front();
    }
  }

  // What is told first is under way before the last of it comes. It ends with enough for everybody to begin
  // with once more: a request now and then for so many parts.
  Result<void> refill(OrderedPool& pool, Entries& entries) {
    entries.has_more = false;
    TM_TRY(calls_.level(entries.storage, entries.after, [&](const Stored& stored) {
      entries.next.push_back(stored);
      entries.after = stored.key;
      submit(pool, entries, folders_of_part());
      entries.has_more = entries.next.size() >= std::min(pace_.level_entries, folders_of_part() * jobs_ * 2);
      return !entries.has_more;
    }));
    submit(pool, entries, 1);
    return {};
  }

  // As many as take the time that a part is to take.
  size_t folders_of_part() const {
    const size_t most =
        std::max<size_t>(std::min(pace_.folders_of_part, pace_.pending_folders / (size_t{jobs_} * 2)), 1);
    const Clock::duration time_of_one = std::max(time_of_one_, Clock::duration(1));
    return std::clamp<size_t>(static_cast<size_t>(Clock::duration(pace_.part_time) / time_of_one), 1, most);
  }

  std::vector<std::string> take_folders(Entries& entries) const {
    const size_t count = folders_of_part();
    std::vector<std::string> folders;
    while (folders.size() < count && !entries.next.empty() && is_folder(entries.next.front())) {
      folders.push_back(std::move(entries.next.front().key));
      entries.next.pop_front();
    }
    return folders;
  }

  void submit_part(OrderedPool& pool, std::vector<std::string> folders) {
    auto listed = std::make_shared<Listed>();
    listed->folders = std::move(folders);
    pool.submit([this, listed]() -> OrderedPool::Epilogue {
      list_part(*listed);
      return [this, listed] { take_part(*listed); };
    });
  }

  // On a thread of the pool.
  void list_part(Listed& listed) const {
    const auto begun = Clock::now();
    const auto& folders = listed.folders;
    size_t at = 0;  // the folder that is being listed
    bool is_full = false;
    listed.part = make_();
    const ListObjects list = [&](const std::function<bool(const Stored&)>& visit) {
      return calls_.folders(folders, "", [&](const Stored& stored) {
        const size_t before = at;
        while (at + 1 < folders.size() && stored.key > folders[at + 1]) ++at;
        if (at > before && Clock::now() - begun > pace_.long_time) {
          listed.left.assign(folders.begin() + static_cast<ptrdiff_t>(at), folders.end());
          return false;
        }
        return visit(stored);
      });
    };
    listed.result = calls_.prove(list, [&](const Stored& stored, const Proof& proof) {
      listed.part->add(stored, proof);
      is_full = listed.part->is_full();
      return !is_full;
    });
    if (is_full) {
      listed.part = nullptr;
    } else if (listed.result) {
      listed.part->finish();
    }
    const size_t done = folders.size() - listed.left.size();
    listed.time_of_one = (Clock::now() - begun) / std::max<size_t>(done, 1);
  }

  void take_part(Listed& listed) {
    if (is_over_) return;
    if (!listed.part) return list_again(listed.folders);
    if (!tell(*listed.part)) return;
    if (!listed.result) {
      failed_ = listed.result.error();
      return;
    }
    time_of_one_ = (time_of_one_ + listed.time_of_one) / 2;
    if (!listed.left.empty()) list_rest(listed.left);
  }

  // It was more than a part may hold: now it is its turn.
  void list_again(const std::vector<std::string>& folders) {
    const auto part = make_();
    const auto streamed = stream(folders, "", *part, [](const Stored&) { return true; });
    if (streamed) {
      end(*part);
    } else {
      failed_ = streamed.error();
    }
  }

  void list_rest(const std::vector<std::string>& folders) {
    Entries entries;
    for (const std::string& folder : folders) {
      entries.next.emplace_back();
      entries.next.back().key = folder;
    }
    OrderedPool pool(*workers_);
    const auto listed = stopped_unless_done(take_all(pool, entries));
    if (!listed) failed_ = listed.error();
  }

  const ListingCalls& calls_;
  const Scope& scope_;
  const unsigned jobs_;
  const MakePart& make_;
  const ListingPace pace_;
  bool is_over_ = false;  // nobody listens any more
  std::optional<Error> failed_;
  std::string listed_storage_;      // "main/": all that lies in it was told
  Clock::duration time_of_one_{};   // that listing one partition takes
  std::optional<Workers> workers_;  // made when they are needed
};

}  // namespace

Result<void> list_in_parts(const ListingCalls& calls, const Scope& scope, unsigned jobs, const MakePart& make,
                           const ListingPace& pace) {
  assert(jobs > 0);
  return PartedListing(calls, scope, jobs, make, pace).run();
}

Result<void> list_in_parts(const ListedArchive& what, const Scope& scope, unsigned jobs,
                           const MakePart& make) {
  Stop stop;
  Archive& archive = what.archive;
  std::optional<Workers> readers;
  if (what.reads_records) readers.emplace(jobs);
  ListingCalls calls;
  calls.level = [&](const auto& storage, const auto& start_after, const auto& visit) {
    return archive.scan_level(storage, start_after, visit, stop);
  };
  calls.folders = [&](const auto& folders, const auto& start_after, const auto& visit) {
    return archive.scan_folders(folders, start_after, visit, stop);
  };
  calls.prove = [&](const ListObjects& list, const auto& visit) -> Result<void> {
    HistoryCut cut(*what.histories, visit, stop, what.visit_all);
    const auto add = [&](const Stored& stored, const Proof& proof) { return cut.add(stored, proof); };
    const auto listed = readers ? prove_listed(archive, list, *readers, add, stop)
                                : list([&](const Stored& stored) { return add(stored, {}); });
    TM_TRY(cut.finish());
    return listed;
  };
  calls.stop = [&] { stop.asked = true; };
  return list_in_parts(calls, scope, jobs, make);
}

}  // namespace tidemark::cli
