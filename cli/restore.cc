#include <algorithm>
#include <cassert>
#include <chrono>
#include <set>

#include "console.h"
#include "holders.h"
#include "ordered_pool.h"
#include "restore_dir.h"
#include "restore_plan.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxGroup = 64;  // archives whose entries are made durable together

uint64_t size_of(const Range& range) { return range.last - range.first + 1; }

// What came of unpacking a piece.
struct Unpacked {
  RestoreDir::Arrived arrived;
  std::vector<std::string> warnings;
  Result<void> result;
};

// One run. The main thread lists and gives entries their names, in order; the pool unpacks archives ahead of
// it, at most twice as many as there are jobs.
class Restore {
 public:
  Restore(const RestoreOptions& options, Archive& archive, RestoreDir& dir)
      : options_(options),
        archive_(archive),
        dir_(dir),
        name_(partition_text(options.scope.storage, *options.scope.partition)),
        pool_(std::make_unique<OrderedPool>(options.jobs)) {}

  int run();

 private:
  Result<void> plan();
  int refuse();
  void tell_records();
  Result<void> measure();
  int tell_dry_run();
  Result<void> restore();
  void begin(const Piece& piece);
  Unpacked unpack(const Piece& piece, uint64_t number);
  Result<void> unpack_others(const Piece& piece, const Error& damage, Unpacked& unpacked);
  void drain(size_t most);
  void publish();
  bool is_wanted(const Stored& stored) const {
    return !options_.to_time_us || stored.modified_us <= *options_.to_time_us;
  }
  Result<void> each_piece(const std::function<bool(const Piece&)>& visit);
  int end(const Result<void>& restored);

  const RestoreOptions& options_;
  Archive& archive_;
  RestoreDir& dir_;
  const std::string name_;
  Output output_{options_.json};
  Stop stop_;
  RestorePlan plan_{{options_.from, options_.to, options_.to_time_us}};
  std::optional<Error> failed_;

  uint64_t places_ = 0;
  std::vector<RestoreDir::Arrived> arrived_;  // whole, but without their names
  uint64_t restored_ = 0, there_before_ = 0, archives_ = 0, bytes_ = 0;
  uint64_t wanted_entries_ = 0, wanted_archives_ = 0, wanted_bytes_ = 0;
  std::atomic<uint64_t> read_bytes_{0};
  Progress progress_;
  std::unique_ptr<OrderedPool> pool_;  // last: its threads use the rest
};

Result<void> Restore::plan() {
  const auto visit = [&](const Stored& stored) {
    plan_.add(stored);
    return true;
  };
  auto scanned = archive_.scan(options_.scope, options_.from.value_or(0), visit, stop_);
  if (!scanned) return scanned;
  if (plan_.origin() && !options_.from) {
    // It says what need not be there, so it is proven first.
    auto record = archive_.read_record(plan_.origin()->key, stop_);
    if (!record && record.error().status != TIDEMARK_E_CORRUPT) return record.error();
    if (!record) {
      console().print(record.error().message);
      plan_.disbelieve_origin();
    }
  }
  plan_.finish();
  return {};
}

// Nothing was written yet, and nothing will be.
int Restore::refuse() {
  if (plan_.is_empty()) {
    return fail_with({kExitData,
                      "nothing of " + name_ + " is there to restore" +
                          (options_.to_time_us ? " from before that time" : "") +
                          " (tidemark info shows what is)",
                      TIDEMARK_OK, 0});
  }
  for (const Range& hole : plan_.missing()) {
    Json object;
    object["type"] = "missing";
    object.update(range_json(options_.scope.storage, *options_.scope.partition, hole.first, hole.last));
    output_.object(object);
    output_.line("missing     " + name_ + " " + range_text(hole.first, hole.last));
  }
  tell_records();
  (void)output_.finish();
  assert(!plan_.missing().empty());
  const Range first = plan_.missing().front();
  std::string remedy;
  if (first.first > plan_.range().first) remedy = "--to " + std::to_string(first.first - 1) + " stops before";
  const uint64_t after = plan_.missing().back().last;
  if (after < plan_.range().last) {
    remedy += (remedy.empty() ? "" : ", ") + ("--from " + std::to_string(after + 1)) + " begins after";
  }
  return fail_with({kExitData,
                    "not all of " + name_ + " " + range_text(plan_.range().first, plan_.range().last) +
                        " is in the archive; nothing was restored" +
                        (remedy.empty() ? "" : " (" + remedy + ")"),
                    TIDEMARK_OK, 0});
}

void Restore::tell_records() {
  for (const Stored& stored : plan_.records()) {
    auto record = archive_.read_record(stored.key, stop_);
    const int64_t made_us = record && record->made_us > 0 ? record->made_us : stored.modified_us;
    const std::string reason = record ? record->reason : record.error().message;
    const char* const what = stored.kind == TIDEMARK_STORED_ACCEPTED ? "accepted as lost on "
                             : stored.kind == TIDEMARK_STORED_ORIGIN
                                 ? "never in this archive, which begins after it; recorded on "
                                 : "the engine no longer had it; recorded on ";
    Json object;
    object["type"] = kind_name(stored.kind);
    object.update(range_json(stored.storage, stored.partition, stored.first, stored.last));
    object["made"] = utc_text(made_us);
    object["reason"] = reason;
    output_.object(object);
    std::string line = kind_name(stored.kind);
    line.resize(12, ' ');
    output_.line(line + name_ + " " + range_text(stored.first, stored.last) + ": " + what +
                 output_.time(made_us) + (reason.empty() ? "" : ": " + printable(reason)));
  }
}

// The parts that are to be unpacked, in order. What is missing from the archive by now is an error.
Result<void> Restore::each_piece(const std::function<bool(const Piece&)>& visit) {
  Chain chain(plan_.range());
  bool ended = false;
  const auto on_object = [&](const Stored& stored) {
    if (!is_wanted(stored)) return true;
    const auto whole = chain.add(stored);
    if (!whole) return true;
    for (const Range& missing : dir_.missing_of(whole->range)) {
      if (!visit({whole->key, missing, whole->size_bytes})) return !(ended = true);
    }
    return !chain.is_done();
  };
  auto scanned = archive_.scan(options_.scope, plan_.range().first, on_object, stop_);
  if (scanned && !ended && !chain.is_done()) {
    return Error{kExitData,
                 name_ + " LSN " + both(chain.next()) + " was there a moment ago and is not any more",
                 TIDEMARK_OK, 0};
  }
  return scanned;
}

Result<void> Restore::measure() {
  return each_piece([&](const Piece& piece) {
    wanted_entries_ += size_of(piece.range);
    ++wanted_archives_;
    wanted_bytes_ += piece.size_bytes;
    return true;
  });
}

int Restore::tell_dry_run() {
  assert(wanted_entries_ <= size_of(plan_.range()));
  const uint64_t there = size_of(plan_.range()) - wanted_entries_;
  const uint64_t free_bytes = dir_.free_bytes();
  Json object;
  object["type"] = "summary";
  object.update(
      range_json(options_.scope.storage, *options_.scope.partition, plan_.range().first, plan_.range().last));
  object["entries"] = wanted_entries_;
  object["there_before"] = there;
  object["archives"] = wanted_archives_;
  object["size_bytes"] = wanted_bytes_;
  object["free_bytes"] = free_bytes;
  object["dry_run"] = true;
  output_.object(object);
  output_.line("would restore " + count_text(wanted_entries_, "entry", "entries") + " of " + name_ +
               " from " + count_text(wanted_archives_, "archive", "archives") + ", " +
               output_.bytes(wanted_bytes_) + "; " + range_text(plan_.range().first, plan_.range().last) +
               ", of which " + std::to_string(there) + " are there already; " + output_.bytes(free_bytes) +
               " free");
  return finish(output_, kExitOk);
}

// Another archive may hold the entries of one that is damaged.
Result<void> Restore::unpack_others(const Piece& piece, const Error& damage, Unpacked& unpacked) {
  std::set<std::string> damaged = {piece.key};
  for (uint64_t next = piece.range.first; next <= piece.range.last;) {
    TM_ASSIGN(auto holders, find_holders(archive_, options_.scope, next, stop_));
    const uint64_t begun = next;
    for (const Stored& other : holders) {
      if (damaged.count(other.key) > 0) continue;
      const uint64_t last = std::min(other.last, piece.range.last);
      auto result = archive_.unpack(other.key, next, last, unpacked.arrived.place, nullptr, stop_);
      if (result) {
        unpacked.warnings.push_back(range_text(next, last) + " comes from " + other.key + ": " +
                                    damage.message);
        next = last + 1;
        break;
      }
      if (result.error().status != TIDEMARK_E_CORRUPT) return result;
      damaged.insert(other.key);
    }
    if (next == begun) {
      return Error{kExitData,
                   damage.message + "; no other archive has LSN " + both(next) +
                       ". What lies before it is restored; --from begins after it",
                   TIDEMARK_E_CORRUPT, 0};
    }
  }
  return {};
}

Unpacked Restore::unpack(const Piece& piece, uint64_t number) {
  Unpacked unpacked;
  auto place = dir_.make_place(number);
  if (!place) {
    unpacked.result = place.error();
    return unpacked;
  }
  unpacked.arrived = {*place, piece.range};
  ReadMeter meter(read_bytes_);
  unpacked.result = archive_.unpack(piece.key, piece.range.first, piece.range.last, *place, &meter, stop_);
  if (!unpacked.result && unpacked.result.error().status == TIDEMARK_E_CORRUPT) {
    const Error damage = unpacked.result.error();
    unpacked.result = unpack_others(piece, damage, unpacked);
  }
  return unpacked;
}

void Restore::begin(const Piece& piece) {
  const uint64_t number = places_++;
  pool_->submit([this, piece, number]() -> OrderedPool::Epilogue {
    const Unpacked unpacked = unpack(piece, number);
    return [this, piece, unpacked] {
      for (const std::string& warning : unpacked.warnings) console().print(warning);
      if (!unpacked.result) {
        if (!failed_) failed_ = unpacked.result.error();
        return;
      }
      arrived_.push_back(unpacked.arrived);
      ++archives_;
      bytes_ += piece.size_bytes;
    };
  });
}

// Everything that has arrived gets its names with one fsync: waiting for one after the other would cost more
// than reading the archives.
void Restore::publish() {
  if (arrived_.empty()) return;
  auto published = dir_.publish(arrived_);
  if (!published) {
    failed_ = published.error();
  } else {
    for (const auto& [place, range] : arrived_) {
      restored_ += size_of(range);
      Json object;
      object["type"] = "restored";
      object.update(range_json(options_.scope.storage, *options_.scope.partition, range.first, range.last));
      output_.object(object);
    }
  }
  arrived_.clear();
}

void Restore::drain(size_t most) {
  while (pool_->pending() > most && !stop_.is_set()) {
    auto epilogue = pool_->take(milliseconds(100));
    for (; epilogue && !failed_; epilogue = pool_->take(milliseconds(0))) {
      (*epilogue)();
      if (arrived_.size() >= kMaxGroup) break;
    }
    publish();
    progress_.update(archives_, read_bytes_.load(), wanted_bytes_);
    if (failed_) stop_.asked = true;
  }
}

Result<void> Restore::restore() {
  if (console().is_terminal()) {
    TM_TRY(measure());
  }
  TM_TRY(dir_.prepare());
  auto listed = each_piece([&](const Piece& piece) {
    begin(piece);
    drain(size_t{options_.jobs} * 2);
    return !stop_.is_set();
  });
  if (listed || !stop_.is_set()) drain(0);
  if (failed_) return *failed_;
  return listed;
}

int Restore::end(const Result<void>& restored) {
  stop_.asked = true;
  pool_.reset();
  auto cleaned = dir_.clean_up();
  there_before_ = size_of(plan_.range()) - std::min(size_of(plan_.range()), restored_);
  const bool complete = restored && !interrupted();
  Json object;
  object["type"] = "summary";
  object.update(
      range_json(options_.scope.storage, *options_.scope.partition, plan_.range().first, plan_.range().last));
  object["entries"] = restored_;
  object["archives"] = archives_;
  object["size_bytes"] = bytes_;
  object["complete"] = complete;
  output_.object(object);
  if (complete) {
    output_.line("restored " + count_text(restored_, "entry", "entries") + " of " + name_ + ", " +
                 range_text(plan_.range().first, plan_.range().last) +
                 (there_before_ > 0 ? ", of which " + std::to_string(there_before_) + " were there already"
                                    : std::string()));
    if (!cleaned) return fail_with(cleaned.error());
    return finish(output_, kExitOk);
  }
  output_.line("restored " + count_text(restored_, "entry", "entries") + "; run the same again to continue");
  (void)output_.finish();
  return fail_with(restored ? Error{} : restored.error());
}

int Restore::run() {
  if (auto planned = plan(); !planned) return fail_with(planned.error());
  if (plan_.is_empty() || !plan_.missing().empty()) return refuse();
  if (plan_.pruned_through() > 0 && !options_.from)
    console().print(name_ + " was pruned up to LSN " + both(plan_.pruned_through()) + ": beginning after it");
  if (plan_.origin_through() > 0 && !options_.from)
    console().print(name_ + " begins after LSN " + both(plan_.origin_through()) +
                    ": nothing before was ever in this archive");
  if (!options_.dry_run) return end(restore());
  if (auto measured = measure(); !measured) return fail_with(measured.error());
  return tell_dry_run();
}

}  // namespace

int run_restore(const RestoreOptions& options) {
  auto dir =
      RestoreDir::look(options.directory, partition_text(options.scope.storage, *options.scope.partition));
  if (!dir) return fail_with(dir.error());
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  return Restore(options, **archive, *dir).run();
}

}  // namespace tidemark::cli
