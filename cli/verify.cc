#include <algorithm>
#include <cassert>
#include <chrono>
#include <set>
#include <system_error>
#include <thread>

#include "agreement.h"
#include "base/wall_clock.h"
#include "comparer.h"
#include "console.h"
#include "findings.h"
#include "format/object_name.h"
#include "hidden.h"
#include "history_surveys.h"
#include "ledger.h"
#include "nothing.h"
#include "ordered_pool.h"
#include "second_look.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

using std::chrono::milliseconds;

// How a sink that is opened to be read begins a line about what a crashed writer left (sinks/README.md).
constexpr std::string_view kUnfinished = "unfinished ";

std::string partition_of(const Stored& stored) { return partition_text(stored.storage, stored.partition); }

// What may not have been compared the last time, though each was found right.
bool needs_identity(const std::vector<Overlap>& overlaps) {
  const auto is_encrypted = [](const std::string& key) { return key.ends_with(".age"); };
  return std::any_of(overlaps.begin(), overlaps.end(), [&](const Overlap& one) {
    return is_encrypted(one.earlier) || is_encrypted(one.later);
  });
}

// One run. The main thread lists; what it finds to read is read by the pool, and what comes out is reported
// by the main thread in the order of the listing, so that two runs say the same.
class Verify {
 public:
  Verify(const VerifyOptions& options, RunMetrics& metrics)
      : options_(options), metrics_(metrics), pool_(options.jobs) {}
  int run();

 private:
  bool visit(const Stored& stored);
  void visit_in_partition(const Stored& stored);
  void visit_object(const Stored& stored, const EpochCut::Parts& parts);
  void visit_stranger(const Stored& stored);
  Result<void> begin_storage(const std::string& storage);
  void begin_partition(const Stored& stored);
  void end_partition();
  Result<void> read(const Stored& stored, std::optional<Record>& record);
  void check(const Stored& stored, const EpochCut::Parts& parts);
  void check_epoch(const Stored& stored);
  void check_epoch_of(const Lineage& lineage, const Stored& stored);
  void fail(const Error& error);
  Result<std::optional<Stored>> find_hidden(const Stored& accepted, const EpochCut::Parts& parts);
  void compare(const Stored& stored, const std::vector<Overlap>& overlaps);
  bool was_removed(const Comparison::Unread& unread, const Stored& later);
  void drain(size_t most);

  void take(const Stored& stored, const EpochCut::Parts& parts, bool was_read);
  void take_damaged(const Stored& stored, const EpochCut::Parts& parts);
  void tell_missing(const HistorySurveys::Of& of, const std::vector<Missing>& missing);
  void tell_overruled(const std::string& key);
  void tell_settled();
  void tell_failure(const Stored& stored, const EpochCut::Parts& parts, const Error& error);
  void tell_end();
  void tell_end_of(const HistorySurveys::Of& of);
  void tell_remnants();
  void tell_nothing_stored();
  void save(bool now);
  // The checkpoint knows what was proven as it is stored, not what was decoded, or whether it bore a tag.
  bool may_skip(const Stored& stored) const {
    return ledger_.may_skip(stored) && !(options_.deep && !stored.coding.empty()) &&
           !is_refused_untagged(options_.archive, stored);
  }
  void count_all();
  int end(const Result<void>& scanned);

  const VerifyOptions& options_;
  RunMetrics& metrics_;
  Output output_{options_.json};
  Findings findings_{output_};
  Agreement agreement_{findings_};
  std::unique_ptr<Archive> archive_;
  std::optional<SecondLook> second_look_;
  Stop stop_;
  std::optional<Error> failed_;  // what ends the run
  std::atomic<uint64_t> total_bytes_{0}, read_bytes_{0};

  std::optional<Histories> histories_;
  std::optional<HiddenArchives> hidden_;
  std::string listed_storage_;
  Leaves leaves_;                            // of it
  std::string listed_;                       // the partition that is being listed
  std::optional<EpochCut> cut_;              // of it
  std::optional<HistoryOverlaps> overlaps_;  // of it
  std::set<uint64_t> strangers_;             // of it: epochs without a record

  Ledger ledger_;
  std::optional<HistorySurveys> surveys_;  // of the partition that is being reported
  Scope reported_;
  std::string current_;  // its name

  bool found_something_ = false;  // of ours
  uint64_t archives_ = 0, archive_bytes_ = 0, partitions_ = 0;
  unsigned unreadable_in_a_row_ = 0;
  Progress progress_;
  OrderedPool pool_;  // last: its threads use the rest
};

void Verify::save(bool now) {
  auto saved = ledger_.save(now);
  if (!saved && !failed_) failed_ = saved.error();
}

void Verify::fail(const Error& error) {
  if (!failed_) failed_ = error;
  stop_.asked = true;
}

void Verify::tell_missing(const HistorySurveys::Of& of, const std::vector<Missing>& missing) {
  for (const Missing& piece : missing) {
    if (piece.cause == Cause::kOrigin || !surveys_->is_new(piece)) continue;
    std::optional<Stored> hidden;
    if (piece.cause == Cause::kGap) {
      auto found = hidden_->find(of.survey.storage, of.survey.partition, piece.range, of.epoch, stop_);
      if (!found) return fail(found.error());
      hidden = *found;
    }
    findings_.missing(of.survey.storage, of.survey.partition, piece, of.epoch, hidden);
  }
}

void Verify::tell_overruled(const std::string& key) {
  if (surveys_->is_new(key)) findings_.overruled(reported_.storage, *reported_.partition, key);
}

void Verify::tell_settled() {
  for (HistorySurveys::Of& of : surveys_->each()) {
    tell_missing(of, of.survey.coverage.take_settled());
    for (const std::string& key : of.survey.take_overruled()) tell_overruled(key);
  }
}

// It is right, or was found right before.
void Verify::take(const Stored& stored, const EpochCut::Parts& parts, bool was_read) {
  found_something_ = true;
  surveys_->add(stored, parts);
  if (agreement_.is_in_doubt(stored)) {
    ledger_.not_right(stored);
  } else {
    ledger_.right(stored, was_read);
  }
  tell_settled();
  if (stored.kind != TIDEMARK_STORED_ORIGIN) return;
  size_t at = 0;
  for (const HistorySurveys::Of& of : surveys_->each()) {
    if (parts[at++] && stored.key != of.survey.origin_key) tell_overruled(stored.key);
  }
}

void Verify::take_damaged(const Stored& stored, const EpochCut::Parts& parts) {
  found_something_ = true;
  ledger_.not_right(stored);
  surveys_->add_damaged(stored, parts);
  tell_settled();
}

void Verify::tell_failure(const Stored& stored, const EpochCut::Parts& parts, const Error& error) {
  if (stop_.is_set()) return;
  // NOT_FOUND was looked at once more: it was removed.
  if (error.status == TIDEMARK_E_NOT_FOUND) {
    found_something_ = true;
    ledger_.not_right(stored);
    surveys_->add(stored,
                  parts);  // as it was listed: what removed it may have left its own record after that
    tell_settled();
    return findings_.vanished(stored);
  }
  take_damaged(stored, parts);
  if (error.status == TIDEMARK_E_CORRUPT) {
    unreadable_in_a_row_ = 0;
    return findings_.damaged(stored, error.message);
  }
  findings_.unreadable(stored, error.message);
  // Of what no identity decrypts there may be as many as there are archives.
  if (error.status == TIDEMARK_E_SEALED) return;
  if (++unreadable_in_a_row_ >= kMaxFailuresInARow) failed_ = too_many_in_a_row(error);
}

Result<void> Verify::read(const Stored& stored, std::optional<Record>& record) {
  Result<void> checked;
  if (stored.kind == TIDEMARK_STORED_ARCHIVE) {
    ReadMeter meter(read_bytes_);
    checked = archive_->check(stored.key, options_.deep, &meter, stop_);
    // Who prunes by size, or looks at how much there is, relies on what is listed.
    if (checked && meter.read_bytes() != stored.size_bytes) {
      return Error{kExitData,
                   stored.key + ": it has " + std::to_string(meter.read_bytes()) +
                       " bytes, all right, and the sink lists " + std::to_string(stored.size_bytes),
                   TIDEMARK_E_CORRUPT};
    }
  } else if (auto read = archive_->read_record(stored.key, stop_); read) {
    record = *read;
  } else {
    checked = read.error();
  }
  if (checked || checked.error().status != TIDEMARK_E_NOT_FOUND) return checked;
  TM_ASSIGN(const bool was_removed, second_look_->was_removed(stored, stop_));
  if (was_removed) return checked;
  return Error{kExitData, kListedOnly, TIDEMARK_E_CORRUPT};
}

// Of a loss that was accepted in some of the histories: that of the first in which one lies hidden.
Result<std::optional<Stored>> Verify::find_hidden(const Stored& accepted, const EpochCut::Parts& parts) {
  size_t at = 0;
  for (const HistorySurveys::Of& of : surveys_->each()) {
    const auto& part = parts[at++];
    if (!part) continue;
    TM_ASSIGN(auto hidden, hidden_->find(accepted.storage, accepted.partition, *part, of.epoch, stop_));
    if (hidden) return hidden;
  }
  return std::optional<Stored>();
}

void Verify::check(const Stored& stored, const EpochCut::Parts& parts) {
  pool_.submit([this, stored, parts]() -> OrderedPool::Epilogue {
    std::optional<Record> record;
    const Result<void> checked = read(stored, record);
    return [this, stored, parts, record, checked] {
      agreement_.checked(stored, checked.has_value());
      if (!checked) return tell_failure(stored, parts, checked.error());
      unreadable_in_a_row_ = 0;
      take(stored, parts, true);
      if (record && stored.kind == TIDEMARK_STORED_ACCEPTED) {
        const auto hidden = find_hidden(stored, parts);
        if (!hidden) return fail(hidden.error());
        findings_.accepted(stored, *record, *hidden);
      }
      if (record) return;
      ++archives_;
      archive_bytes_ += stored.size_bytes;
    };
  });
}

// It belongs to no partition: to no survey, and it is read each time.
void Verify::check_epoch(const Stored& stored) {
  const auto key = parse_object_key(stored.key);
  assert(key);
  const auto lineage = histories_->lineage(std::string(key->storage), stop_);
  if (!lineage) return fail(lineage.error());
  check_epoch_of(**lineage, stored);
}

void Verify::check_epoch_of(const Lineage& lineage, const Stored& stored) {
  if (const auto damaged = lineage.damaged().find(stored.epoch); damaged != lineage.damaged().end()) {
    pool_.submit_done([this, stored, why = damaged->second] {
      findings_.damaged(stored, why + "; bring it from a copy: which histories there are cannot be told");
    });
  } else if (const auto epoch = lineage.epochs().find(stored.epoch); epoch != lineage.epochs().end()) {
    const std::string problem = lineage.problem_of(epoch->second);
    if (problem.empty()) return;
    pool_.submit_done([this, stored, problem] { findings_.lineage(stored, problem); });
  }
}

bool Verify::was_removed(const Comparison::Unread& unread, const Stored& later) {
  if (unread.error.status != TIDEMARK_E_NOT_FOUND || unread.key == later.key) return false;
  Stored earlier = later;
  earlier.key = unread.key;
  earlier.last = parse_object_key(unread.key)->name.range.last;
  const auto removed = second_look_->was_removed(earlier, stop_);
  return removed && *removed;
}

// Comes before the check of the later one, which the checkpoint does not get if they differ.
void Verify::compare(const Stored& stored, const std::vector<Overlap>& overlaps) {
  pool_.submit([this, stored, overlaps]() -> OrderedPool::Epilogue {
    Comparison found = compare_overlaps(*archive_, overlaps, stop_);
    std::erase_if(found.unread, [&](const auto& one) { return was_removed(one, stored); });
    return [this, stored, found] {
      if (!stop_.is_set()) agreement_.compared(stored, found);
    };
  });
}

// The records of epochs come first: what is begun after they were read is another history than those that are
// verified.
Result<void> Verify::begin_storage(const std::string& storage) {
  if (listed_storage_ == storage) return {};
  TM_ASSIGN(const auto lineage, histories_->lineage(storage, stop_));
  listed_storage_ = storage;
  leaves_ = leaves_of(*lineage);
  if (!options_.scope.partition) return {};  // the records are listed too
  Stored record;
  record.kind = TIDEMARK_STORED_EPOCH;
  const auto check = [&](uint64_t number) {
    record.epoch = number;
    record.key = epoch_key(storage, number);
    check_epoch_of(*lineage, record);
  };
  for (const auto& [number, why] : lineage->damaged()) check(number);
  for (const auto& [number, epoch] : lineage->epochs()) check(number);
  return {};
}

void Verify::begin_partition(const Stored& stored) {
  end_partition();
  listed_ = partition_of(stored);
  cut_.emplace(leaves_.chains);
  overlaps_.emplace(leaves_.chains.size());
  strangers_.clear();
  pool_.submit_done([this, stored, leaves = leaves_] {
    surveys_.emplace(stored.storage, stored.partition, leaves);
    reported_ = {stored.storage, stored.partition};
    current_ = partition_of(stored);
    ledger_.begin(current_);
  });
}

void Verify::visit_in_partition(const Stored& stored) {
  if (partition_of(stored) != listed_) {
    end_partition();
    if (auto begun = begin_storage(stored.storage); !begun) return fail(begun.error());
    begin_partition(stored);
  }
  cut_->add(stored, {}, [this](const Stored& one, const Proof&, const EpochCut::Parts& parts) {
    visit_object(one, parts);
    return true;
  });
}

// Once for each epoch: there may be as many archives of it as there are.
void Verify::visit_stranger(const Stored& stored) {
  if (strangers_.count(stored.epoch) > 0) return;
  const auto why = histories_->stranger_text(stored, stop_);
  if (!why) return fail(why.error());
  if (!*why) return;
  strangers_.insert(stored.epoch);
  pool_.submit_done([this, stored, text = **why] { findings_.lineage(stored, text); });
}

void Verify::visit_object(const Stored& stored, const EpochCut::Parts& parts) {
  bool is_known = may_skip(stored);
  std::vector<std::vector<Overlap>> overlaps;
  if (stored.kind == TIDEMARK_STORED_ARCHIVE) overlaps = overlaps_->add(stored, parts, !is_known);
  // Right before, but something new lies beside it.
  for (const auto& of : overlaps)
    is_known = is_known && std::none_of(of.begin(), of.end(), [](const Overlap& one) { return one.is_new; });
  if (!is_ours(stored)) {
    pool_.submit_done([this, stored, parts] {
      if (stored.kind == TIDEMARK_STORED_IRREGULAR) take_damaged(stored, parts);
      findings_.not_ours(stored);
    });
    return;
  }
  if (std::none_of(parts.begin(), parts.end(), [](const auto& part) { return part.has_value(); }))
    visit_stranger(stored);
  const bool is_read = !is_known || stored.kind == TIDEMARK_STORED_ACCEPTED;  // those are told again
  for (const auto& of : overlaps) {
    if (is_read || needs_identity(of)) compare(stored, of);
  }
  if (is_read) return check(stored, parts);
  pool_.submit_done([this, stored, parts] {
    agreement_.checked(stored, true);
    take(stored, parts, false);
  });
}

// Archives that lie below what was pruned, by their names.
void Verify::tell_remnants() {
  const uint64_t through = surveys_->pruned_through();
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ARCHIVE && stored.last <= through) findings_.remnant(stored, through);
    return stored.last <= through && !output_.failed();
  };
  auto scanned = archive_->scan(reported_, 0, visit, stop_);
  if (!scanned && !failed_) failed_ = scanned.error();
}

void Verify::tell_end_of(const HistorySurveys::Of& of) {
  const Survey& survey = of.survey;
  const auto is_new = [&](const char* what, uint64_t through) {
    return surveys_->is_new(what + std::to_string(through));
  };
  if (survey.pruned_through > 0 && is_new("pruned ", survey.pruned_through))
    findings_.pruned(current_, survey.pruned_through);
  if (survey.origin_through() > 0 && is_new("origin ", survey.origin_through()))
    findings_.origin(current_, survey.origin_through());
  if (survey.origin_is_overruled()) tell_overruled(survey.origin_key);
}

void Verify::tell_end() {
  for (HistorySurveys::Of& of : surveys_->each()) tell_missing(of, of.survey.coverage.finish());
  if (surveys_->has_remnants()) tell_remnants();
  for (const HistorySurveys::Of& of : surveys_->each()) tell_end_of(of);
  agreement_.end(current_, options_.deep && !options_.archive.identity_file.empty());
  ++partitions_;
  for (const Gone& gone : ledger_.end(surveys_->ends(), surveys_->pruned_through())) findings_.gone(gone);
}

// Of the listing: what was found in it is reported before.
void Verify::end_partition() {
  if (listed_.empty()) return;
  cut_->finish([this](const Stored& one, const Proof&, const EpochCut::Parts& parts) {
    visit_object(one, parts);
    return true;
  });
  const bool lost_some = overlaps_->lost_some();
  pool_.submit_done([this, lost_some] {
    tell_end();
    if (lost_some)
      findings_.not_compared(current_,
                             "an archive overlaps more than 1000 others; the newest of them were compared");
  });
  listed_.clear();
}

void Verify::tell_nothing_stored() {
  if (options_.allow_empty) return;
  const Scope& scope = options_.scope;
  findings_.nothing(scope.partition ? partition_text(scope.storage, *scope.partition) : scope.storage,
                    nothing_text(*archive_, options_, {}, stop_));
}

bool Verify::visit(const Stored& stored) {
  if (is_epoch(stored)) {
    check_epoch(stored);
  } else if (stored.storage.empty()) {
    pool_.submit_done([this, stored] { findings_.not_ours(stored); });
  } else {
    visit_in_partition(stored);
  }
  drain(size_t{options_.jobs} * 4);
  return !stop_.is_set();
}

// Tells what is done, until at most `most` steps are under way.
void Verify::drain(size_t most) {
  while (pool_.pending() > most && !stop_.is_set()) {
    if (auto epilogue = pool_.take(milliseconds(100))) (*epilogue)();
    progress_.update(archives_, read_bytes_.load(), total_bytes_.load());
    save(false);
    if (failed_ || output_.failed()) stop_.asked = true;
  }
}

int Verify::end(const Result<void>& scanned) {
  if (!interrupted() && !scanned && !failed_) failed_ = scanned.error();
  const bool complete = !interrupted() && !failed_ && !stop_.is_set();
  if (complete) {
    for (const Gone& gone : ledger_.unseen(options_.scope)) findings_.gone(gone);
  }
  if (complete && !found_something_) tell_nothing_stored();
  save(true);
  if (interrupted() || failed_) {
    (void)output_.finish();
    return fail_with(failed_ ? *failed_ : Error{});
  }
  if (complete) {
    findings_.measure(metrics_, archives_, archive_bytes_, partitions_, ledger_);
    findings_.summarise(archives_, archive_bytes_, partitions_, ledger_);
  }
  return finish(output_, findings_.problems() > 0 ? kExitData : kExitOk);
}

// How much there is in all, once it is of interest.
void Verify::count_all() {
  while (!progress_.wants_total()) {
    if (stop_.is_set()) return;
    std::this_thread::sleep_for(milliseconds(20));
  }
  uint64_t bytes = 0;
  const auto count = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ARCHIVE && !may_skip(stored)) bytes += stored.size_bytes;
    return true;
  };
  if (archive_->scan(options_.scope, 0, count, stop_)) total_bytes_ = bytes;
}

int Verify::run() {
  auto loaded = ledger_.load(options_.checkpoint, options_.archive.url, options_.scope, options_.reread,
                             wall_clock_us());
  if (!loaded) return fail_with(loaded.error());
  ArchiveOptions archive_options = options_.archive;
  archive_options.keep_lines = true;
  auto archive = Archive::open(archive_options);
  if (!archive) return fail_with(archive.error());
  archive_ = std::move(*archive);
  histories_.emplace(*archive_, std::nullopt);
  hidden_.emplace(*histories_);
  second_look_.emplace(*archive_);
  for (const std::string& line : archive_->opening_lines()) {
    if (line.rfind(kUnfinished, 0) == 0) findings_.leftover(line);
  }
  std::thread counter;
  try {
    if (console().progress_kind() != ProgressKind::kNone) counter = std::thread([this] { count_all(); });
  } catch (const std::system_error&) {  // no thread is left: the progress has no share
  }
  auto scanned = archive_->scan(
      options_.scope, 0, [this](const Stored& stored) { return visit(stored); }, stop_);
  if (scanned && !stop_.is_set()) {
    end_partition();
    drain(0);
  }
  const int code = end(scanned);
  stop_.asked = true;
  if (counter.joinable()) counter.join();
  return code;
}

}  // namespace

int run_verify(const VerifyOptions& options) {
  RunMetrics metrics("verify", options.metrics);
  if (const auto may = metrics.check(); !may) return fail_with(may.error());
  if (!options.deep) tell_unused_keys(options.archive, "--deep");
  return metrics.finish(Verify(options, metrics).run());
}

}  // namespace tidemark::cli
