#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/wall_clock.h"
#include "comparer.h"
#include "console.h"
#include "findings.h"
#include "ledger.h"
#include "nothing.h"
#include "ordered_pool.h"
#include "second_look.h"
#include "survey.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

using std::chrono::milliseconds;

constexpr unsigned kMaxUnreadable = 5;  // in a row: then it is not the objects that are at fault

// How a sink that is opened to be read begins a line about what a crashed writer left (sinks/README.md).
constexpr std::string_view kUnfinished = "unfinished ";

std::string name_of(const Stored& stored) { return partition_text(stored.storage, stored.partition); }

// One run. The main thread lists; what it finds to read is read by the pool, and what comes out is reported
// by the main thread in the order of the listing, so that two runs say the same.
class Verify {
 public:
  explicit Verify(const VerifyOptions& options) : options_(options), pool_(options.jobs) {}
  int run();

 private:
  bool visit(const Stored& stored);
  void visit_object(const Stored& stored);
  void begin_partition(const Stored& stored);
  void end_partition();
  Result<void> read(const Stored& stored, std::optional<Record>& record);
  void check(const Stored& stored);
  void check_epoch(const Stored& stored);
  void compare(const Stored& stored, const Overlap& overlap);
  void drain(size_t most);

  void take(const Stored& stored, bool was_read);
  void take_damaged(const Stored& stored);
  void tell_settled();
  void tell_failure(const Stored& stored, const Error& error);
  void tell_end();
  void tell_remnants();
  void tell_nothing_stored();
  void save(bool now);
  void count_all();
  int end(const Result<void>& scanned);

  const VerifyOptions& options_;
  Output output_{options_.json};
  Findings findings_{output_};
  std::unique_ptr<Archive> archive_;
  std::optional<SecondLook> second_look_;
  Stop stop_;
  std::optional<Error> failed_;  // what ends the run
  std::atomic<uint64_t> total_bytes_{0}, read_bytes_{0};

  std::string listed_;                // the partition that is being listed
  std::optional<Overlaps> overlaps_;  // of it

  Ledger ledger_;
  std::optional<Survey> survey_;  // of the partition that is being reported
  std::string current_;           // its name
  std::string disagrees_;         // the key of an archive that another one differs from

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

void Verify::tell_settled() {
  for (const Missing& missing : survey_->coverage.take_settled()) {
    if (missing.cause != Cause::kOrigin) findings_.missing(survey_->storage, survey_->partition, missing);
  }
  for (const std::string& key : survey_->take_overruled())
    findings_.overruled(survey_->storage, survey_->partition, key);
}

// It is right, or was found right before.
void Verify::take(const Stored& stored, bool was_read) {
  survey_->add(stored);
  if (stored.key == disagrees_) {
    ledger_.not_right(stored);
  } else {
    ledger_.right(stored, was_read);
  }
  tell_settled();
  if (stored.kind == TIDEMARK_STORED_ORIGIN && stored.key != survey_->origin_key)
    findings_.overruled(stored.storage, stored.partition, stored.key);
}

void Verify::take_damaged(const Stored& stored) {
  ledger_.not_right(stored);
  survey_->add_damaged(stored);
  tell_settled();
}

void Verify::tell_failure(const Stored& stored, const Error& error) {
  if (stop_.is_set()) return;
  // NOT_FOUND was looked at once more: it was removed.
  if (error.status == TIDEMARK_E_NOT_FOUND) {
    ledger_.not_right(stored);
    survey_->add(stored);  // as it was listed: what removed it may have left its own record after that
    tell_settled();
    return findings_.vanished(stored);
  }
  take_damaged(stored);
  if (error.status == TIDEMARK_E_CORRUPT) {
    unreadable_in_a_row_ = 0;
    return findings_.damaged(stored, error.message);
  }
  if (error.status == TIDEMARK_E_UNSUPPORTED && !stored.needs.empty())
    return findings_.unsupported(stored, error.message);
  findings_.unreadable(stored, error.message);
  if (++unreadable_in_a_row_ >= kMaxUnreadable) failed_ = error;
}

Result<void> Verify::read(const Stored& stored, std::optional<Record>& record) {
  Result<void> checked;
  if (stored.kind == TIDEMARK_STORED_ARCHIVE) {
    ReadMeter meter(read_bytes_);
    checked = archive_->check(stored.key, &meter, stop_);
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

void Verify::check(const Stored& stored) {
  pool_.submit([this, stored]() -> OrderedPool::Epilogue {
    std::optional<Record> record;
    const Result<void> checked = read(stored, record);
    return [this, stored, record, checked] {
      if (!checked) return tell_failure(stored, checked.error());
      unreadable_in_a_row_ = 0;
      take(stored, true);
      if (record && stored.kind == TIDEMARK_STORED_ACCEPTED) findings_.accepted(stored, *record);
      if (record) return;
      ++archives_;
      archive_bytes_ += stored.size_bytes;
    };
  });
}

// It belongs to no partition: to no survey, and it is read again each time.
void Verify::check_epoch(const Stored& stored) {
  pool_.submit([this, stored]() -> OrderedPool::Epilogue {
    const auto read = archive_->read_record(stored.key, stop_);
    return [this, stored, failed = read ? std::optional<Error>() : read.error()] {
      if (!failed || stop_.is_set()) return;
      if (failed->status == TIDEMARK_E_CORRUPT || failed->status == TIDEMARK_E_NOT_FOUND)
        return findings_.damaged(stored, failed->message);
      findings_.unreadable(stored, failed->message);
    };
  });
}

// Comes before the check of the later one, which the checkpoint does not get if they differ.
void Verify::compare(const Stored& stored, const Overlap& overlap) {
  pool_.submit([this, stored, overlap]() -> OrderedPool::Epilogue {
    const auto lsn = first_difference(*archive_, overlap, stop_);
    return [this, stored, overlap, lsn] {
      if (!lsn) return;
      disagrees_ = stored.key;
      findings_.disagree(stored, overlap, *lsn);
    };
  });
}

void Verify::begin_partition(const Stored& stored) {
  end_partition();
  listed_ = name_of(stored);
  overlaps_.emplace();
  pool_.submit_done([this, stored] {
    survey_.emplace(stored.storage, stored.partition);
    current_ = name_of(stored);
    ledger_.begin(current_);
  });
}

void Verify::visit_object(const Stored& stored) {
  if (name_of(stored) != listed_) begin_partition(stored);
  std::vector<Overlap> overlaps;
  if (stored.kind == TIDEMARK_STORED_ARCHIVE)
    overlaps = overlaps_->add({stored.first, stored.last}, stored.key);
  if (!is_ours(stored)) {
    pool_.submit_done([this, stored] {
      if (stored.kind == TIDEMARK_STORED_IRREGULAR) take_damaged(stored);
      findings_.not_ours(stored);
    });
  } else if (ledger_.may_skip(stored) && stored.kind != TIDEMARK_STORED_ACCEPTED) {  // those are told again
    pool_.submit_done([this, stored] { take(stored, false); });
  } else {
    for (const Overlap& overlap : overlaps) compare(stored, overlap);
    check(stored);
  }
}

// Archives that lie below what was pruned, by their names.
void Verify::tell_remnants() {
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ARCHIVE && stored.last <= survey_->pruned_through)
      findings_.remnant(stored, survey_->pruned_through);
    return stored.last <= survey_->pruned_through && !output_.failed();
  };
  auto scanned = archive_->scan({survey_->storage, survey_->partition}, 0, visit, stop_);
  if (!scanned && !failed_) failed_ = scanned.error();
}

void Verify::tell_end() {
  for (const Missing& piece : survey_->coverage.finish()) {
    if (piece.cause != Cause::kOrigin) findings_.missing(survey_->storage, survey_->partition, piece);
  }
  if (survey_->has_remnants()) tell_remnants();
  if (survey_->pruned_through > 0) findings_.pruned(current_, survey_->pruned_through);
  if (survey_->origin_through() > 0) findings_.origin(current_, survey_->origin_through());
  if (survey_->origin_is_overruled())
    findings_.overruled(survey_->storage, survey_->partition, survey_->origin_key);
  if (survey_->holds_something()) found_something_ = true;
  ++partitions_;
  const uint64_t last = std::max(survey_->coverage.last(), survey_->pruned_through);
  if (const auto gone = ledger_.end(last)) findings_.gone(*gone);
}

// Of the listing: what was found in it is reported before.
void Verify::end_partition() {
  if (listed_.empty()) return;
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
    visit_object(stored);
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
    for (const Ledger::Gone& gone : ledger_.unseen(options_.scope)) findings_.gone(gone);
  }
  if (complete && !found_something_) tell_nothing_stored();
  save(true);
  if (interrupted() || failed_) {
    (void)output_.finish();
    return fail_with(failed_ ? *failed_ : Error{});
  }
  if (complete) findings_.summarise(archives_, archive_bytes_, partitions_, ledger_);
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
    if (stored.kind == TIDEMARK_STORED_ARCHIVE && !ledger_.may_skip(stored)) bytes += stored.size_bytes;
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

int run_verify(const VerifyOptions& options) { return Verify(options).run(); }

}  // namespace tidemark::cli
