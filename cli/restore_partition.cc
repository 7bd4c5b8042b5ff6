#include "restore_partition.h"

#include <algorithm>
#include <cassert>
#include <chrono>

#include "format/types.h"
#include "text.h"

namespace tidemark::cli {

namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxGroup = 256;  // archives whose entries are made durable together
constexpr uint64_t kMaxGroupBytes = 256 << 20;
constexpr milliseconds kPublishEvery{20};

}  // namespace

PartitionRestore::PartitionRestore(const RestoreOptions& options, RestoreRun& run)
    : options_(options),
      run_(run),
      output_(options.json, partition_text(options.scope.storage, *options.scope.partition)),
      survey_(options_, run.histories, run.room, output_, stop_),
      reader_(run.histories, options_.scope, survey_, stop_) {}

PartitionRestore::~PartitionRestore() = default;

Result<void> PartitionRestore::open_dir() {
  TM_ASSIGN(auto dir,
            RestoreDir::look(options_.directory, survey_.name(), options_.into_existing || options_.check));
  dir_ = std::move(dir);
  return {};
}

Result<void> PartitionRestore::each_part(const std::function<bool(const Part&)>& visit) {
  return survey_.each_piece([&](const Piece& piece) {
    std::vector<Part> parts;
    const auto add = [&](const std::vector<Range>& ranges, bool is_there) {
      for (const Range& range : ranges)
        parts.push_back({{piece.key, range, piece.size_bytes, piece.is_preferred,
                          part_of(piece.part_bytes, range, piece.range)},
                         is_there});
    };
    add(dir_->missing_of(piece.range), false);
    add(dir_->present_of(piece.range), true);
    std::sort(parts.begin(), parts.end(),
              [](const Part& a, const Part& b) { return a.piece.range.first < b.piece.range.first; });
    return std::all_of(parts.begin(), parts.end(), visit);
  });
}

Result<void> PartitionRestore::measure() {
  return each_part([&](const Part& part) {
    if (part.is_there) {
      counts_.compared_bytes += part.piece.size_bytes;
    } else {
      counts_.wanted_entries += size_of(part.piece.range);
      ++counts_.wanted_archives;
      counts_.wanted_bytes += options_.check ? 0 : part.piece.size_bytes;
      counts_.new_bytes += options_.check ? 0 : part.piece.part_bytes;
    }
    return !stop_.is_set();
  });
}

Result<void> PartitionRestore::list() {
  const uint64_t from = options_.from.value_or(0);
  std::optional<Stored> other;
  const auto visit = [&](const Stored& stored) {
    const bool begins = stored.kind == TIDEMARK_STORED_ARCHIVE || stored.kind == TIDEMARK_STORED_GAP;
    if (continued_epoch_ > 0 && begins && stored.epoch > continued_epoch_ && stored.first < from)
      other = stored;
    if (stored.last == 0 || stored.last >= from) add(stored);
    return !other;
  };
  // What a newer epoch has before it may lie wholly before it.
  TM_ASSIGN(const tidemark::Chain chain, run_.histories.chosen(options_.scope.storage, stop_));
  const bool looks_before = continued_epoch_ > 0 && chain.is_long();
  uint64_t reached = 0;
  TM_TRY(run_.histories.scan(options_.scope, looks_before ? 0 : from, visit, stop_, &reached));
  survey_.reached(reached);
  if (!other) return {};
  has_other_history_ = true;
  return Error{kExitData, "epoch " + std::to_string(other->epoch) + " has entries of its own from LSN " +
                              both(other->first) + " on, which were restored from epoch " +
                              std::to_string(continued_epoch_) + " already: " + kOtherHistory};
}

// What is irregular may hide an archive of the range, so that it must not pass for complete.
void PartitionRestore::add(const Stored& stored) {
  if (stored.kind != TIDEMARK_STORED_IRREGULAR) return survey_.add(stored);
  const bool is_outside = stored.last > 0 && (stored.last < options_.from.value_or(0) ||
                                              stored.first > options_.to.value_or(UINT64_MAX));
  if (!is_outside) irregular_.add(stored);
}

std::optional<PartitionOutcome> PartitionRestore::look() {
  if (!dir_) {
    if (auto opened = open_dir(); !opened) return outcome_of(opened.error());
  }
  if (auto looked = survey_.look(); !looked) return outcome_of(looked.error());
  find_overtaken();
  if ((options_.follow_us && survey_.plan().is_empty()) || waits_at_overtaken()) return PartitionOutcome{};
  if (survey_.is_refused()) {
    if (!irregular_.is_empty()) output_.say(irregular_.text());
    return outcome_of(survey_.refuse());
  }
  if (!options_.follow_us || !options_.from) {
    survey_.tell();
    tell_islands();
  }
  if (auto measured = measure(); !measured) return outcome_of(measured.error());
  tell_beyond();
  return std::nullopt;
}

// What an earlier run brought of a history that was longer, or somebody else has put there. An engine's own
// log, which is only compared, may well be further than the archive.
void PartitionRestore::tell_beyond() {
  if (options_.to || options_.to_time_us || options_.follow_us) return;
  for (const Range& range : dir_->present_of({survey_.plan().range().last + 1, UINT64_MAX})) {
    const std::string why = "lies after the end of this history, LSN " + both(survey_.plan().range().last);
    if (options_.check || options_.into_existing) {
      output_.say(dir_->path() + ": " + range_text(range.first, range.last) + " " + why);
      continue;
    }
    counts_.beyond += size_of(range);
    tell_range("differs", range, why);
    output_.line("differs     " + survey_.name() + " " + range_text(range.first, range.last) + ": " + why);
  }
}

std::optional<PartitionOutcome> PartitionRestore::all_pruned() const {
  const uint64_t pruned = survey_.plan().pruned_through();
  // Before a time there may be nothing though later archives are there.
  const bool is_all = survey_.plan().is_empty() && !options_.to_time_us && irregular_.is_empty();
  if (!is_all || pruned == 0) return std::nullopt;
  PartitionOutcome outcome;
  outcome.row = "nothing of " + survey_.name() + " is left: it was pruned up to LSN " + both(pruned);
  outcome.problem = overtaken();
  if (!outcome.problem.empty()) outcome.code = kExitData;
  return outcome;
}

void PartitionRestore::tell_range(const char* type, Range range, const std::string& message) {
  Json object;
  object["type"] = type;
  object.update(range_json(options_.scope.storage, *options_.scope.partition, range.first, range.last));
  if (!message.empty()) object["message"] = message;
  output_.object(object);
}

PartitionOutcome PartitionRestore::tell_dry_run() {
  const Range range = survey_.plan().range();
  uint64_t there = 0;
  for (const Range& present : dir_->present_of(range)) there += size_of(present);
  const auto free_bytes = dir_->free_bytes();
  PartitionOutcome outcome;
  outcome.problem = irregular_.is_empty() ? overtaken() : irregular_.text();
  if (!outcome.problem.empty()) outcome.code = kExitData;
  Json& object = outcome.summary;
  object["type"] = "summary";
  object.update(range_json(options_.scope.storage, *options_.scope.partition, range.first, range.last));
  object["entries"] = counts_.wanted_entries;
  object["there_before"] = there;
  object["archives"] = counts_.wanted_archives;
  object["size_bytes"] = counts_.wanted_bytes;
  object["free_bytes"] = free_bytes.value_or(0);
  object["dry_run"] = true;
  outcome.row = "would restore " + count_text(counts_.wanted_entries, "entry", "entries") + " of " +
                survey_.name() + " from " + count_text(counts_.wanted_archives, "archive", "archives") +
                ", " + output_.bytes(counts_.wanted_bytes) + "; " + range_text(range.first, range.last) +
                ", of which " + std::to_string(there) + " are there already" +
                (free_bytes ? "; " + output_.bytes(*free_bytes) + " free" : "");
  return outcome;
}

// What an earlier run brought may lie before what was pruned since. That is well if the archive begins right
// after it.
void PartitionRestore::find_overtaken() {
  const uint64_t first = survey_.plan().range().first;
  if (options_.from || first <= 1) return;
  const auto before = dir_->present_of({1, first - 1});
  if (!before.empty() && before.back().last < first - 1) overtaken_ = {before.back().last + 1, first - 1};
}

std::string PartitionRestore::overtaken() const {
  if (!overtaken_) return {};
  const bool is_pruned = survey_.plan().pruned_through() > 0;
  return dir_->path() + " lacks " + range_text(overtaken_->first, overtaken_->last) +
         " between what it had and what the archive has: " +
         (is_pruned ? "it was pruned before it was restored" : "it was never in this archive") +
         ". Another copy of the archive may have it; --from " + std::to_string(overtaken_->last + 1) +
         " leaves out what lies before";
}

// As it would have waited for these if it had run all the time.
bool PartitionRestore::waits_at_overtaken() const {
  if (!options_.follow_us || !overtaken_) return false;
  const uint64_t next = overtaken_->last + 1;
  return dir_->present_of({next, next}).empty();
}

std::string PartitionRestore::waits_for() const {
  if (waits_at_overtaken()) return survey_.name() + " waits: " + overtaken();
  return survey_.waits_at() ? survey_.waits_at()->why : std::string();
}

// Holes further back: accepted losses whose records were pruned too, or told when they arose.
void PartitionRestore::tell_islands() {
  const uint64_t first = survey_.plan().range().first;
  if (options_.from || first <= 1) return;
  const auto before = dir_->present_of({1, first - 1});
  if (overtaken_) {
    tell_range("missing", *overtaken_);
    if (options_.follow_us) output_.say(overtaken());
  } else if (before.size() > 1) {
    output_.say(dir_->path() + " has holes before LSN " + both(before.back().first) +
                ": what lies there is pruned and cannot be restored");
  }
}

PartitionRestore::Done PartitionRestore::unpack(const Piece& piece, uint64_t number) {
  Done done;
  auto place = dir_->make_place(number);
  if (!place) {
    done.result = place.error();
    return done;
  }
  done.arrived = {*place, piece.range};
  ReadMeter meter(run_.read_bytes);
  const auto attempt = [&](const std::string& key, Range range) -> Result<void> {
    auto unpacked =
        run_.archive.unpack(key, range.first, range.last, *place, options_.keep_setid, &meter, stop_);
    // It may also be the place that is not there.
    if (!unpacked && unpacked.error().status == TIDEMARK_E_NOT_FOUND) TM_TRY(dir_->need(*place));
    return unpacked;
  };
  done.result = reader_.read(piece, attempt, done.warnings);
  if (!done.result && done.result.error().status == TIDEMARK_E_CORRUPT) {
    Error error = done.result.error();
    error.message += ". What lies before it is restored; --from begins after it";
    done.result = error;
  }
  return done;
}

PartitionRestore::Done PartitionRestore::compare(const Piece& piece) {
  Done done;
  ReadMeter meter(run_.read_bytes);
  const auto attempt = [&](const std::string& key, Range range) -> Result<void> {
    const CompareWish wish = {range.first, range.last, options_.keep_setid, !options_.check};
    auto found = run_.archive.compare(key, wish, dir_->path(), &meter, stop_);
    if (!found) {
      if (found.error().status == TIDEMARK_E_NOT_FOUND) TM_TRY(dir_->need(dir_->path()));
      return found.error();
    }
    done.compared.insert(done.compared.end(), found->begin(), found->end());
    return {};
  };
  done.result = reader_.read(piece, attempt, done.warnings);
  // The entries are there, whatever became of their archive: no reason to leave out what comes after them.
  if (!done.result && done.result.error().exit_code == kExitData) {
    done.compared.clear();
    done.damage = done.result.error().message;
    done.result = {};
  }
  return done;
}

void PartitionRestore::begin(const Part& part) {
  if (options_.check && !part.is_there) {
    pool_->submit_done([this, range = part.piece.range] {
      counts_.absent += size_of(range);
      tell_range("absent", range);
      output_.line("absent      " + survey_.name() + " " + range_text(range.first, range.last));
    });
    return;
  }
  const uint64_t number = places_++;
  pool_->submit([this, part, number]() -> OrderedPool::Epilogue {
    const Done done = part.is_there ? compare(part.piece) : unpack(part.piece, number);
    return [this, part, done] { take(part, done); };
  });
}

void PartitionRestore::take(const Part& part, const Done& done) {
  for (const std::string& warning : done.warnings) output_.say(warning);
  if (!done.result) {
    if (!failed_) failed_ = done.result.error();
    return;
  }
  ++counts_.archives;
  ++run_.archives;
  counts_.bytes += part.piece.size_bytes;
  if (!part.is_there) {
    arrived_.push_back(done.arrived);
    arrived_bytes_ += part.piece.part_bytes;
    return;
  }
  tell_compared(part.piece, done);
  if (arrived_.empty()) reached_ = part.piece.range.last;
}

void PartitionRestore::tell_compared(const Piece& piece, const Done& done) {
  const auto& entries = done.compared;
  assert(entries.size() <= size_of(piece.range));
  if (!done.damage.empty()) {
    counts_.unproven += size_of(piece.range);
    tell_range("not-compared", piece.range, done.damage);
    output_.say(range_text(piece.range.first, piece.range.last) + " cannot be compared: " + done.damage);
    return;
  }
  counts_.same += size_of(piece.range) - entries.size();
  for (const ComparedEntry& entry : entries) {
    const bool is_different = entry.result == TIDEMARK_COMPARED_DIFFERENT;
    tell_range(is_different ? "differs" : "not-compared", {entry.lsn, entry.lsn}, entry.message);
    // Of what this user may not read there may be very much.
    if (is_different || counts_.not_compared == 0)
      output_.line((is_different ? "differs     " : "not compared  ") + survey_.name() + " " +
                   range_text(entry.lsn, entry.lsn) + ": " + entry.message);
    ++(is_different ? counts_.different : counts_.not_compared);
  }
}

// Everything that has arrived is made durable and gets its names together: doing it for one after the other
// would cost more than reading the archives. A disk that is slow at it gets larger groups.
bool PartitionRestore::is_time_to_publish() const {
  return pool_->pending() == 0 || arrived_.size() >= kMaxGroup || arrived_bytes_ >= kMaxGroupBytes ||
         Clock::now() - published_ >= std::max<Clock::duration>(kPublishEvery, publishing_took_ * 10);
}

void PartitionRestore::publish() {
  if (arrived_.empty()) return;
  const auto begun = Clock::now();
  auto published = dir_->publish(arrived_);
  published_ = Clock::now();
  publishing_took_ = published_ - begun;
  if (!published) {
    failed_ = published.error();
  } else {
    for (const auto& [place, range] : arrived_) {
      counts_.restored += size_of(range);
      tell_range("restored", range);
      reached_ = range.last;
    }
  }
  arrived_.clear();
  arrived_bytes_ = 0;
}

void PartitionRestore::drain(size_t most) {
  while (pool_->pending() > most && !stop_.is_set()) {
    auto epilogue = pool_->take(milliseconds(100));
    for (; epilogue && !failed_; epilogue = pool_->take(milliseconds(0))) {
      (*epilogue)();
      if (arrived_.size() >= kMaxGroup) break;
    }
    if (failed_ || is_time_to_publish()) publish();
    run_.tell_progress();
    if (failed_) stop_.asked = true;
  }
}

Result<void> PartitionRestore::bring() {
  const size_t most = size_t{run_.readers.threads()} * 2;
  auto listed = each_part([&](const Part& part) {
    begin(part);
    drain(most);
    return !stop_.is_set();
  });
  if (listed || !stop_.is_set()) drain(0);
  publish();  // of an interrupted run too: it is whole
  if (failed_) return *failed_;
  return listed;
}

PartitionOutcome PartitionRestore::end_complete(const Result<void>& cleaned) {
  PartitionOutcome outcome;
  outcome.row = summary_text(options_, survey_.plan(), counts_);
  if (!cleaned) {
    outcome.code = cleaned.error().exit_code;
    outcome.problem = cleaned.error().message;
    return outcome;
  }
  outcome.problem = problem_text(dir_->path(), counts_);
  const auto add_problem = [&](const std::string& text) {
    if (text.empty()) return;
    if (!outcome.problem.empty()) output_.say(outcome.problem);
    outcome.problem = text;
  };
  if (!irregular_.is_empty()) add_problem(irregular_.text());
  if (!options_.follow_us) add_problem(overtaken());  // else it is known to who follows
  const std::string unreadable = unreadable_text(dir_->path(), counts_);
  if (!outcome.problem.empty()) {
    outcome.code = kExitData;
  } else if (options_.check && !unreadable.empty()) {
    outcome.code = kExitLocal;
    outcome.problem = unreadable;
  }
  if (!unreadable.empty() && outcome.problem != unreadable) output_.say(unreadable);
  return outcome;
}

PartitionOutcome PartitionRestore::end(const Result<void>& brought) {
  stop_.asked = true;
  pool_.reset();
  const auto cleaned = dir_->clean_up();
  const bool complete = brought && !interrupted();
  PartitionOutcome outcome;
  if (complete) {
    outcome = end_complete(cleaned);
  } else {
    const bool is_data =
        !brought && (brought.error().exit_code == kExitData || brought.error().status == TIDEMARK_E_SEALED);
    outcome = outcome_of(brought ? Error{} : brought.error());
    if (!options_.check) {
      outcome.row = "restored " + count_text(counts_.restored, "entry", "entries") + " of " + survey_.name() +
                    (is_data ? "; the rest was not restored" : "; run the same again to continue");
    }
  }
  if (complete && outcome.code != kExitLocal) reached_ = survey_.plan().range().last;
  outcome.summary =
      summary_json(options_, survey_.plan(), counts_, complete && irregular_.is_empty() && !overtaken_);
  if (auto written = output_.finish(); !written)
    outcome.code = output_.is_unread() ? int{kExitPipe} : int{written.error().exit_code};
  return outcome;
}

PartitionOutcome PartitionRestore::work() {
  stop_.asked = false;
  if (!options_.check) {
    // Nothing was begun, and the same again does not help.
    if (auto prepared = dir_->prepare(); !prepared) return outcome_of(prepared.error());
  }
  pool_ = std::make_unique<OrderedPool>(run_.readers);
  return end(bring());
}

}  // namespace tidemark::cli
