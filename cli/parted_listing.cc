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
    return objects_ >= pace_.plain_objects || Clock::now() - begun_ >= pace_.plain_time;
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
    const bool may_split = jobs_ > 1 && !scope_.partition;
    std::string after;
    for (;;) {
      const auto part = make_();
      Plain plain(pace_);
      TM_ASSIGN(const auto split_at, stream({folder_of(scope_)}, after, *part, may_split ? &plain : nullptr));
      if (!split_at) {
        end(*part);
        return {};
      }
      time_of_one_ = plain.time_of_one();
      TM_TRY(list_storage(*split_at, *part));
      if (is_over_ || !scope_.storage.empty()) return {};
      listed_storage_ = split_at->storage + "/";
      after = listed_storage_ + kLastOfMost;
    }
  }

 private:
  // Lists on this thread and tells what comes. Gives the object after which the rest is to be listed in
  // parts.
  Result<std::optional<Stored>> stream(const std::vector<std::string>& folders, const std::string& after,
                                       ListedPart& part, Plain* plain) {
    std::optional<Stored> split_at;
    const ListObjects list = [&](const std::function<bool(const Stored&)>& visit) {
      return calls_.folders(folders, after, [&](const Stored& stored) {
        if (!listed_storage_.empty() && stored.key.starts_with(listed_storage_)) return true;
        if (!visit(stored)) return false;
        if (plain != nullptr && plain->is_enough(stored)) split_at = stored;
        return !split_at;
      });
    };
    TM_TRY(calls_.prove(list, [&](const Stored& stored, const Proof& proof) {
      part.add(stored, proof);
      return tell(part);
    }));
    if (is_over_) return std::optional<Stored>();
    return split_at;
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

  // After `from`, which lies in one of the storage's partitions. While that one is listed to its end here,
  // those after it are under way.
  Result<void> list_storage(const Stored& from, ListedPart& part) {
    if (!workers_) workers_.emplace(jobs_);
    Entries entries{{}, from.storage, from.key, true};
    OrderedPool pool(*workers_);
    const auto list = [&]() -> Result<void> {
      TM_TRY(submit_more(pool, entries));
      TM_TRY(stream({folder_of({from.storage, from.partition})}, from.key, part, nullptr));
      end(part);
      return take_all(pool, entries);
    };
    return stopped_unless_done(list());
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
    const auto streamed = stream(folders, "", *part, nullptr);
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

Result<void> list_in_parts(Archive& archive, const Scope& scope, unsigned jobs, bool reads_records,
                           const MakePart& make) {
  Stop stop;
  std::optional<Workers> readers;
  if (reads_records) readers.emplace(jobs);
  ListingCalls calls;
  calls.level = [&](const auto& storage, const auto& start_after, const auto& visit) {
    return archive.scan_level(storage, start_after, visit, stop);
  };
  calls.folders = [&](const auto& folders, const auto& start_after, const auto& visit) {
    return archive.scan_folders(folders, start_after, visit, stop);
  };
  calls.prove = [&](const ListObjects& list, const auto& visit) {
    if (readers) return prove_listed(archive, list, *readers, visit, stop);
    return list([&](const Stored& stored) { return visit(stored, {}); });
  };
  calls.stop = [&] { stop.asked = true; };
  return list_in_parts(calls, scope, jobs, make);
}

}  // namespace tidemark::cli
