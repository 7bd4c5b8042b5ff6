#include <algorithm>
#include <cassert>
#include <chrono>

#include "console.h"
#include "ordered_pool.h"
#include "piece_reader.h"
#include "restore_all.h"
#include "restore_dir.h"
#include "restore_survey.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxGroup = 64;  // archives whose entries are made durable together

uint64_t size_of(const Range& range) { return range.last - range.first + 1; }

// A part of an archive, wholly in DIR already or wholly missing there.
struct Part {
  Piece piece;
  bool is_there = false;
};

// What came of unpacking it, or of comparing it.
struct Outcome {
  RestoreDir::Arrived arrived;
  std::vector<ComparedEntry> compared;  // those that are not the same
  std::string damage;                   // why none of them could be compared; empty: they were
  std::vector<std::string> warnings;
  Result<void> result;
};

// One run. The main thread lists, gives entries their names and tells what was compared, in order; the pool
// reads archives ahead of it, at most twice as many as there are jobs.
class Restore {
 public:
  Restore(const RestoreOptions& options, Archive& archive, RestoreDir& dir)
      : options_(options),
        archive_(archive),
        dir_(dir),
        survey_(options, archive, output_, stop_),
        reader_(archive, options.scope, survey_, stop_),
        pool_(std::make_unique<OrderedPool>(options.jobs)) {}

  int run();

 private:
  Result<void> measure();
  int tell_dry_run();
  void tell_islands();
  Result<void> work();
  void begin(const Part& part);
  Outcome unpack(const Piece& piece, uint64_t number);
  Outcome compare(const Piece& piece);
  void drain(size_t most);
  void publish();
  void tell_range(const char* type, Range range, const std::string& message = {});
  void tell_compared(const Piece& piece, const Outcome& outcome);
  Result<void> each_part(const std::function<bool(const Part&)>& visit);
  int end(const Result<void>& worked);
  int end_complete(const Result<void>& cleaned);
  void tell_summary(bool complete);
  uint64_t there_before() const { return same_ + different_ + not_compared_ + unproven_; }

  const RestoreOptions& options_;
  Archive& archive_;
  RestoreDir& dir_;
  Output output_{options_.json};
  Stop stop_;
  RestoreSurvey survey_;
  PieceReader reader_;
  std::optional<Error> failed_;

  uint64_t places_ = 0;
  std::vector<RestoreDir::Arrived> arrived_;  // whole, but without their names
  uint64_t restored_ = 0, archives_ = 0, bytes_ = 0;
  uint64_t same_ = 0, different_ = 0, absent_ = 0;
  uint64_t not_compared_ = 0, unproven_ = 0;  // DIR's cannot be read; the archive's are damaged or gone
  uint64_t wanted_entries_ = 0, wanted_archives_ = 0, wanted_bytes_ = 0, compared_bytes_ = 0;
  std::atomic<uint64_t> read_bytes_{0};
  Progress progress_;
  std::unique_ptr<OrderedPool> pool_;  // last: its threads use the rest
};

Result<void> Restore::each_part(const std::function<bool(const Part&)>& visit) {
  return survey_.each_piece([&](const Piece& piece) {
    std::vector<Part> parts;
    const auto add = [&](const std::vector<Range>& ranges, bool is_there) {
      for (const Range& range : ranges)
        parts.push_back({{piece.key, range, piece.size_bytes, piece.is_preferred}, is_there});
    };
    add(dir_.missing_of(piece.range), false);
    add(dir_.present_of(piece.range), true);
    std::sort(parts.begin(), parts.end(),
              [](const Part& a, const Part& b) { return a.piece.range.first < b.piece.range.first; });
    return std::all_of(parts.begin(), parts.end(), visit);
  });
}

Result<void> Restore::measure() {
  return each_part([&](const Part& part) {
    if (part.is_there) {
      compared_bytes_ += part.piece.size_bytes;
      return true;
    }
    wanted_entries_ += size_of(part.piece.range);
    ++wanted_archives_;
    wanted_bytes_ += part.piece.size_bytes;
    return true;
  });
}

void Restore::tell_range(const char* type, Range range, const std::string& message) {
  Json object;
  object["type"] = type;
  object.update(range_json(options_.scope.storage, *options_.scope.partition, range.first, range.last));
  if (!message.empty()) object["message"] = message;
  output_.object(object);
}

int Restore::tell_dry_run() {
  const Range range = survey_.plan().range();
  uint64_t there = 0;
  for (const Range& present : dir_.present_of(range)) there += size_of(present);
  const uint64_t free_bytes = dir_.free_bytes();
  Json object;
  object["type"] = "summary";
  object.update(range_json(options_.scope.storage, *options_.scope.partition, range.first, range.last));
  object["entries"] = wanted_entries_;
  object["there_before"] = there;
  object["archives"] = wanted_archives_;
  object["size_bytes"] = wanted_bytes_;
  object["free_bytes"] = free_bytes;
  object["dry_run"] = true;
  output_.object(object);
  output_.line("would restore " + count_text(wanted_entries_, "entry", "entries") + " of " + survey_.name() +
               " from " + count_text(wanted_archives_, "archive", "archives") + ", " +
               output_.bytes(wanted_bytes_) + "; " + range_text(range.first, range.last) + ", of which " +
               std::to_string(there) + " are there already; " + output_.bytes(free_bytes) + " free");
  return finish(output_, kExitOk);
}

// What an earlier run brought may lie before what was pruned since.
void Restore::tell_islands() {
  const uint64_t pruned = survey_.plan().pruned_through();
  if (options_.from || pruned == 0) return;
  const auto before = dir_.present_of({1, pruned});
  if (before.empty() || (before.size() == 1 && before.back().last == pruned)) return;
  console().print(dir_.path() + " has entries before that, up to LSN " + both(before.back().last) +
                  ": what lies between is pruned and cannot be restored");
}

Outcome Restore::unpack(const Piece& piece, uint64_t number) {
  Outcome outcome;
  auto place = dir_.make_place(number);
  if (!place) {
    outcome.result = place.error();
    return outcome;
  }
  outcome.arrived = {*place, piece.range};
  ReadMeter meter(read_bytes_);
  const auto attempt = [&](const std::string& key, Range range) -> Result<void> {
    auto unpacked = archive_.unpack(key, range.first, range.last, *place, options_.keep_setid, &meter, stop_);
    // It may also be the place that is not there.
    if (!unpacked && unpacked.error().status == TIDEMARK_E_NOT_FOUND) TM_TRY(dir_.need(*place));
    return unpacked;
  };
  outcome.result = reader_.read(piece, attempt, outcome.warnings);
  if (!outcome.result && outcome.result.error().status == TIDEMARK_E_CORRUPT) {
    Error error = outcome.result.error();
    error.message += ". What lies before it is restored; --from begins after it";
    outcome.result = error;
  }
  return outcome;
}

Outcome Restore::compare(const Piece& piece) {
  Outcome outcome;
  ReadMeter meter(read_bytes_);
  const auto attempt = [&](const std::string& key, Range range) -> Result<void> {
    auto found =
        archive_.compare(key, range.first, range.last, dir_.path(), options_.keep_setid, &meter, stop_);
    if (!found) {
      if (found.error().status == TIDEMARK_E_NOT_FOUND) TM_TRY(dir_.need(dir_.path()));
      return found.error();
    }
    outcome.compared.insert(outcome.compared.end(), found->begin(), found->end());
    return {};
  };
  outcome.result = reader_.read(piece, attempt, outcome.warnings);
  // The entries are there, whatever became of their archive: no reason to leave out what comes after them.
  if (!outcome.result && outcome.result.error().exit_code == kExitData) {
    outcome.compared.clear();
    outcome.damage = outcome.result.error().message;
    outcome.result = {};
  }
  return outcome;
}

void Restore::begin(const Part& part) {
  const Piece piece = part.piece;
  if (options_.check && !part.is_there) {
    pool_->submit_done([this, piece] {
      absent_ += size_of(piece.range);
      tell_range("absent", piece.range);
      output_.line("absent      " + survey_.name() + " " + range_text(piece.range.first, piece.range.last));
    });
    return;
  }
  const bool is_there = part.is_there;
  const uint64_t number = places_++;
  pool_->submit([this, piece, number, is_there]() -> OrderedPool::Epilogue {
    const Outcome outcome = is_there ? compare(piece) : unpack(piece, number);
    return [this, piece, outcome, is_there] {
      for (const std::string& warning : outcome.warnings) console().print(warning);
      if (!outcome.result) {
        if (!failed_) failed_ = outcome.result.error();
        return;
      }
      ++archives_;
      bytes_ += piece.size_bytes;
      if (is_there) {
        tell_compared(piece, outcome);
      } else {
        arrived_.push_back(outcome.arrived);
      }
    };
  });
}

void Restore::tell_compared(const Piece& piece, const Outcome& outcome) {
  const auto& entries = outcome.compared;
  assert(entries.size() <= size_of(piece.range));
  if (!outcome.damage.empty()) {
    unproven_ += size_of(piece.range);
    tell_range("not-compared", piece.range, outcome.damage);
    console().print(range_text(piece.range.first, piece.range.last) +
                    " cannot be compared: " + outcome.damage);
    return;
  }
  same_ += size_of(piece.range) - entries.size();
  for (const ComparedEntry& entry : entries) {
    const bool is_different = entry.result == TIDEMARK_COMPARED_DIFFERENT;
    tell_range(is_different ? "differs" : "not-compared", {entry.lsn, entry.lsn}, entry.message);
    // Of what this user may not read there may be very much.
    if (is_different || not_compared_ == 0)
      output_.line((is_different ? "differs     " : "not compared  ") + survey_.name() + " " +
                   range_text(entry.lsn, entry.lsn) + ": " + entry.message);
    ++(is_different ? different_ : not_compared_);
  }
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
      tell_range("restored", range);
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
    progress_.update(archives_, read_bytes_.load(), wanted_bytes_ + compared_bytes_);
    if (failed_) stop_.asked = true;
  }
}

Result<void> Restore::work() {
  if (console().is_terminal()) {
    TM_TRY(measure());
  }
  auto listed = each_part([&](const Part& part) {
    begin(part);
    drain(size_t{options_.jobs} * 2);
    return !stop_.is_set();
  });
  if (listed || !stop_.is_set()) drain(0);
  if (failed_) return *failed_;
  return listed;
}

void Restore::tell_summary(bool complete) {
  const Range range = survey_.plan().range();
  uint64_t passed = 0;
  for (const Range& lost : survey_.plan().passed()) passed += size_of(lost);
  Json object;
  object["type"] = "summary";
  object.update(range_json(options_.scope.storage, *options_.scope.partition, range.first, range.last));
  object["entries"] = restored_;
  object["there_before"] = there_before();
  object["different"] = different_;
  object["not_compared"] = not_compared_ + unproven_;
  object["absent"] = absent_;
  object["passed"] = passed;
  object["archives"] = archives_;
  object["size_bytes"] = bytes_;
  object["complete"] = complete;
  output_.object(object);
}

int Restore::end_complete(const Result<void>& cleaned) {
  const Range range = survey_.plan().range();
  const uint64_t there = there_before();
  const std::string what = survey_.name() + ", " + range_text(range.first, range.last);
  if (options_.check) {
    output_.line("compared " + count_text(there, "entry", "entries") + " of " + what + ": " +
                 std::to_string(same_) + " the same, " + std::to_string(different_) + " different, " +
                 std::to_string(absent_) + " absent, " + std::to_string(not_compared_ + unproven_) +
                 " not compared");
  } else {
    output_.line("restored " + count_text(restored_, "entry", "entries") + " of " + what +
                 (there > 0 ? ", of which " + std::to_string(there) + " were there already" : std::string()));
  }
  if (!cleaned) return fail_with(cleaned.error());
  if (not_compared_ > 0)
    console().print(count_text(not_compared_, "entry", "entries") + " in " + dir_.path() +
                    " could not be read, so nothing is known of them; root can compare them");
  if (different_ > 0) {
    console().print(
        count_text(different_, "entry", "entries") + " in " + dir_.path() +
        (different_ == 1 ? " differs" : " differ") +
        " from the archive and stayed; move them away and run the same again to get the archive's");
  }
  if (different_ > 0 || absent_ > 0 || unproven_ > 0) return finish(output_, kExitData);
  return finish(output_, options_.check && not_compared_ > 0 ? kExitLocal : kExitOk);
}

int Restore::end(const Result<void>& worked) {
  stop_.asked = true;
  pool_.reset();
  const auto cleaned = dir_.clean_up();
  const bool complete = worked && !interrupted();
  tell_summary(complete);
  if (complete) return end_complete(cleaned);
  const bool is_data = !worked && worked.error().exit_code == kExitData;
  if (!options_.check) {
    output_.line("restored " + count_text(restored_, "entry", "entries") +
                 (is_data ? "; the rest was not restored" : "; run the same again to continue"));
  }
  (void)output_.finish();
  return fail_with(worked ? Error{} : worked.error());
}

int Restore::run() {
  if (auto looked = survey_.look(); !looked) return fail_with(looked.error());
  if (survey_.is_refused()) return survey_.refuse();
  survey_.tell();
  tell_islands();
  if (options_.dry_run) {
    if (auto measured = measure(); !measured) return fail_with(measured.error());
    return tell_dry_run();
  }
  if (!options_.check) {
    // Nothing was begun, and the same again does not help.
    if (auto prepared = dir_.prepare(); !prepared) return fail_with(prepared.error());
  }
  return end(work());
}

}  // namespace

int restore_partition(const RestoreOptions& options, Archive& archive) {
  auto dir =
      RestoreDir::look(options.directory, partition_text(options.scope.storage, *options.scope.partition),
                       options.into_existing || options.check);
  if (!dir) return fail_with(dir.error());
  return Restore(options, archive, *dir).run();
}

int run_restore(const RestoreOptions& options) {
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  return options.scope.partition ? restore_partition(options, **archive) : restore_all(options, **archive);
}

}  // namespace tidemark::cli
