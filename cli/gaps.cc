#include <set>

#include "console.h"
#include "survey.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

// Lists, in the order of the listing, what records say, and at the end of each partition what no record
// explains.
class Gaps {
 public:
  Gaps(const GapsOptions& options, Archive& archive)
      : archive_(archive), options_(options), output_(options.json) {}

  int list() {
    SurveyOf surveys([this](Survey& survey) {
      tell_holes(survey, survey.coverage.finish());
      bad_origins_.clear();
    });
    const auto visit = [&](const Stored& stored) {
      if (stored.storage.empty()) return true;
      Survey& survey = surveys.of(stored);
      survey.add(stored);
      tell_holes(survey, survey.coverage.take_settled());
      const bool is_record = stored.kind == TIDEMARK_STORED_GAP || stored.kind == TIDEMARK_STORED_ACCEPTED ||
                             stored.kind == TIDEMARK_STORED_PRUNED || stored.kind == TIDEMARK_STORED_ORIGIN;
      return (!is_record || tell_record(stored)) && !output_.failed();
    };
    auto scanned = archive_.scan(options_.scope, 0, visit, stop_);
    if (failed_) return fail_with(*failed_);
    if (!scanned) return fail_with(scanned.error());
    surveys.finish();
    if (shown_ == 0) console().print("nothing is missing and nothing was recorded");
    return finish(output_, damaged_ ? kExitData : kExitOk);
  }

  int acknowledge() {
    const std::string& storage = options_.acknowledge->storage;
    const uint64_t partition = options_.acknowledge->partition;
    const uint64_t first = options_.acknowledge->first, last = options_.acknowledge->last;
    const std::string what = partition_text(storage, partition) + " " + range_text(first, last);
    // What lies after all that is archived is not lost: it may still come.
    uint64_t newest = 0;
    const auto visit = [&](const Stored& stored) {
      newest = std::max(newest, stored.last);
      return newest < last;
    };
    if (auto scanned = archive_.scan({storage, partition}, 0, visit, stop_); !scanned)
      return fail_with(scanned.error());
    if (newest < last) {
      return fail_with(
          usage_error("cannot accept " + what + ": " +
                      (newest == 0 ? "nothing is stored there" : "the archive ends at LSN " + both(newest)) +
                      ", and what lies after may still come"));
    }
    auto accepted = archive_.accept_gap(storage, partition, first, last, options_.reason, stop_);
    const bool before = !accepted && accepted.error().status == TIDEMARK_E_EXISTS;
    if (!accepted && !before) return fail_with(accepted.error());
    Json object = range_json(storage, partition, first, last);
    object["type"] = "accepted";
    object["new"] = !before;
    output_.object(object);
    output_.line(before ? what + " was accepted before; its reason stays (tidemark gaps shows it)"
                        : "accepted: " + what + " is lost");
    return finish(output_, kExitOk);
  }

 private:
  void show(const char* type, const Stored& stored, const Record& record) {
    ++shown_;
    Json object = range_json(stored.storage, stored.partition, stored.first, stored.last);
    Json line;
    line["type"] = type;
    line.update(object);
    if (!stored.key.empty()) line["key"] = stored.key;
    line["made"] = record.made_us > 0 ? Json(utc_text(record.made_us)) : Json();
    line["reason"] = record.reason;
    output_.object(line);
    std::string text = type;
    text.resize(10, ' ');
    text += partition_text(stored.storage, stored.partition) + " " + range_text(stored.first, stored.last);
    if (record.made_us > 0) text += "  " + output_.time(record.made_us);
    if (!record.reason.empty()) text += "  " + printable(record.reason);
    output_.line(text);
  }

  bool tell_record(const Stored& stored) {
    auto record = archive_.read_record(stored.key, stop_);
    if (!record && record.error().status == TIDEMARK_E_CORRUPT) {
      console().print(record.error().message);
      damaged_ = true;
      if (stored.kind == TIDEMARK_STORED_ORIGIN) bad_origins_.insert(stored.key);
      return true;
    }
    if (!record) {
      failed_ = record.error();
      return false;
    }
    // A record made without a time of its own was made when it was stored.
    if (record->made_us == 0) record->made_us = stored.modified_us;
    show(kind_name(stored.kind), stored, *record);
    return true;
  }

  void tell_holes(const Survey& survey, const std::vector<Missing>& missing) {
    for (const Missing& piece : missing) {
      // The record was reported; one that is damaged explains nothing.
      const bool is_believed = piece.cause == Cause::kOrigin && bad_origins_.count(survey.origin_key) == 0;
      if (piece.cause == Cause::kGap || is_believed) continue;
      Stored hole;
      hole.storage = survey.storage;
      hole.partition = survey.partition;
      hole.first = piece.range.first;
      hole.last = piece.range.last;
      show("hole", hole, {});
    }
  }

  Archive& archive_;
  const GapsOptions& options_;
  Output output_;
  Stop stop_;
  std::optional<Error> failed_;
  std::set<std::string> bad_origins_;  // of the partition that is being reported
  bool damaged_ = false;
  uint64_t shown_ = 0;
};

}  // namespace

int run_gaps(const GapsOptions& options) {
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  Gaps gaps(options, **archive);
  return options.acknowledge ? gaps.acknowledge() : gaps.list();
}

}  // namespace tidemark::cli
