#include <optional>

#include "console.h"
#include "format/lsn.h"
#include "nothing.h"
#include "proven.h"
#include "survey.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

constexpr size_t kMaxKeys = 1000;  // of what is damaged, told of one partition

uint64_t size_of(const Range& range) { return range.last - range.first + 1; }

// What is not there, summed up.
struct Losses {
  uint64_t holes = 0, missing_lsns = 0;  // nobody knows why
  uint64_t gaps = 0, gap_lsns = 0;       // recorded, but not accepted
  uint64_t frontier = 0;
};

class Info {
 public:
  explicit Info(const InfoOptions& options) : options_(options), output_(options.json) {}

  int run() {
    auto archive = Archive::open(options_.archive);
    if (!archive) return fail_with(archive.error());
    Stop stop;
    SurveyOf surveys([this](Survey& survey) { print(survey); });
    const auto visit = [&](const Stored& stored, const Proof& proof) {
      const bool is_damaged = stored.kind == TIDEMARK_STORED_IRREGULAR || !proof.damage.empty();
      if (!stored.storage.empty()) {
        add(surveys.of(stored), stored, is_damaged);
      } else if (is_damaged) {
        note(strays_, stored.key);
      } else if (!is_epoch(stored)) {
        ++strangers_;
      }
      return !output_.failed();
    };
    auto scanned = scan_proven(**archive, options_.scope, visit, stop);
    if (!scanned) return fail_with(scanned.error());
    surveys.finish();
    print_total();
    if (!found_something_ && !output_.failed())
      return finish(output_, tell_nothing(**archive, options_, {}, stop));
    return finish(output_, has_damage_ || !strays_.empty() ? kExitData : kExitOk);
  }

 private:
  static void note(std::vector<std::string>& keys, const std::string& key) {
    if (keys.size() < kMaxKeys) keys.push_back(key);
  }

  void add(Survey& survey, const Stored& stored, bool is_damaged) {
    if (is_damaged) {
      note(damaged_, stored.key);
      survey.add_damaged(stored);
    } else {
      survey.add(stored);
    }
    count(survey.coverage.take_settled());
    overruled_ += survey.take_overruled().size();
  }

  void count(const std::vector<Missing>& missing) {
    for (const Missing& piece : missing) {
      if (piece.cause == Cause::kOrigin) continue;
      if (piece.cause == Cause::kGap) {
        ++losses_.gaps;
        losses_.gap_lsns += size_of(piece.range);
      } else {
        ++losses_.holes;
        losses_.missing_lsns += size_of(piece.range);
        if (losses_.frontier == 0) losses_.frontier = piece.range.first - 1;
        has_hole_ = true;
      }
    }
  }

  void print(Survey& survey) {
    count(survey.coverage.finish());
    if (survey.origin_is_overruled()) ++overruled_;
    // A recorded gap does not hold the frontier back: the archiver has continued after it.
    const uint64_t frontier = has_hole_ ? losses_.frontier : survey.coverage.last();
    if (options_.json) {
      print_json(survey, frontier);
    } else {
      print_text(survey, frontier);
    }
    if (survey.holds_something()) found_something_ = true;
    ++partitions_;
    archives_ += survey.archives;
    bytes_ += survey.archive_bytes;
    losses_ = {};
    has_hole_ = false;
    has_damage_ = has_damage_ || !damaged_.empty();
    damaged_.clear();
    overruled_ = 0;
  }

  void print_json(const Survey& survey, uint64_t frontier) {
    Json object;
    object["type"] = "partition";
    object["storage"] = survey.storage;
    object["partition"] = survey.partition;
    object["frontier"] = frontier;
    object["frontier_key"] = "@" + lsn_text(frontier);
    object["first"] = survey.first;
    object["last"] = survey.last;
    object["archives"] = survey.archives;
    object["size_bytes"] = survey.archive_bytes;
    object["oldest"] = survey.archives > 0 ? Json(utc_text(survey.oldest_us)) : Json();
    object["newest"] = survey.archives > 0 ? Json(utc_text(survey.newest_us)) : Json();
    object["holes"] = losses_.holes;
    object["missing_lsns"] = losses_.missing_lsns;
    object["gaps"] = losses_.gaps;
    object["gap_lsns"] = losses_.gap_lsns;
    object["accepted_gaps"] = survey.accepted_records;
    object["pruned_through"] = survey.pruned_through;
    object["origin_through"] = survey.origin_through();
    object["overruled"] = overruled_;
    object["remnants"] = survey.has_remnants();
    object["damaged"] = damaged_;
    object["foreign"] = survey.foreign;
    output_.object(object);
  }

  void print_text(const Survey& survey, uint64_t frontier) {
    output_.line(partition_text(survey.storage, survey.partition));
    output_.line("  frontier  " + (frontier > 0 ? both(frontier) : std::string("nothing")));
    if (survey.archives > 0) {
      output_.line("  archives  " + std::to_string(survey.archives) + ", " +
                   output_.bytes(survey.archive_bytes) + ", " + range_text(survey.first, survey.last));
      output_.line("  archived  " + output_.time(survey.oldest_us) + " (oldest) to " +
                   output_.time(survey.newest_us) + " (newest)");
    }
    if (survey.pruned_through > 0) output_.line("  pruned    up to " + both(survey.pruned_through));
    if (survey.origin_through() > 0) {
      output_.line("  begins    after " + both(survey.origin_through()) + ", nothing before was ever there");
    }
    if (losses_.holes > 0) {
      output_.line("  missing   " + count_text(losses_.missing_lsns, "entry", "entries") + " in " +
                   count_text(losses_.holes, "hole", "holes") + " (tidemark gaps lists them)");
    }
    if (losses_.gaps > 0) {
      output_.line("  lost      " + count_text(losses_.gap_lsns, "entry", "entries") + " in " +
                   count_text(losses_.gaps, "recorded gap", "recorded gaps") + ", not accepted");
    }
    if (survey.accepted_records > 0)
      output_.line("  accepted  " + count_text(survey.accepted_records, "gap", "gaps"));
    if (overruled_ > 0) {
      output_.line("  overruled " + count_text(overruled_, "record", "records") +
                   " of a loss, of which an archive has some (tidemark verify names them)");
    }
    if (survey.has_remnants())
      output_.line("  remnants  archives lie below what was pruned (tidemark verify names them)");
    for (const std::string& key : damaged_) output_.line("  damaged   " + printable(key));
    if (survey.foreign > 0) output_.line("  foreign   " + count_text(survey.foreign, "object", "objects"));
  }

  void print_total() {
    for (const std::string& key : strays_) output_.line("damaged   " + printable(key));
    if (partitions_ > 1) {
      output_.line("in all: " + std::to_string(partitions_) + " partitions, " +
                   count_text(archives_, "archive", "archives") + ", " + output_.bytes(bytes_));
    }
    if (strangers_ > 0)
      output_.line(count_text(strangers_, "foreign object lies", "foreign objects lie") +
                   " outside of partitions");
  }

  const InfoOptions& options_;
  Output output_;
  Losses losses_;  // of the current partition
  bool has_hole_ = false;
  std::vector<std::string> damaged_;  // records and what is irregular
  std::vector<std::string> strays_;   // what is irregular and lies in no partition
  uint64_t overruled_ = 0;
  bool has_damage_ = false, found_something_ = false;  // anywhere
  uint64_t partitions_ = 0, archives_ = 0, bytes_ = 0, strangers_ = 0;
};

}  // namespace

int run_info(const InfoOptions& options) { return Info(options).run(); }

}  // namespace tidemark::cli
