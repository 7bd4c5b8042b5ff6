#include <optional>

#include "console.h"
#include "format/lsn.h"
#include "survey.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

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
    const auto visit = [&](const Stored& stored) {
      if (stored.storage.empty()) {
        ++strangers_;
      } else {
        Survey& survey = surveys.of(stored);
        survey.add(stored);
        count(survey.coverage.take_settled());
      }
      return !output_.failed();
    };
    auto scanned = (*archive)->scan(options_.scope, 0, visit, stop);
    if (!scanned) return fail_with(scanned.error());
    surveys.finish();
    print_total();
    return finish(output_, kExitOk);
  }

 private:
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
    // A recorded gap does not hold the frontier back: the archiver has continued after it.
    const uint64_t frontier = has_hole_ ? losses_.frontier : survey.coverage.last();
    if (options_.json) {
      print_json(survey, frontier);
    } else {
      print_text(survey, frontier);
    }
    ++partitions_;
    archives_ += survey.archives;
    bytes_ += survey.archive_bytes;
    losses_ = {};
    has_hole_ = false;
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
    if (survey.foreign > 0) output_.line("  foreign   " + count_text(survey.foreign, "object", "objects"));
  }

  void print_total() {
    if (partitions_ == 0) console().print("nothing is stored there");
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
  uint64_t partitions_ = 0, archives_ = 0, bytes_ = 0, strangers_ = 0;
};

}  // namespace

int run_info(const InfoOptions& options) { return Info(options).run(); }

}  // namespace tidemark::cli
