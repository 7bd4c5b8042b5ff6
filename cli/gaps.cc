#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "checkpoint.h"
#include "console.h"
#include "hidden.h"
#include "nothing.h"
#include "parted_listing.h"
#include "survey.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

constexpr size_t kMaxGapRecords = 4096;  // as many pieces as may be missing before some are told
constexpr size_t kMostTold = 4096;       // that a part keeps until it is its turn

// Something to be told, in the order of the listing.
struct Told {
  const char* type = nullptr;  // NULL: something is damaged
  Stored stored;
  Record record;
  std::string damage;
};

// Of a part of the listing: what records of other kinds say, and of each partition what is missing, with what
// a gap record says of it.
class GapsPart : public ListedPart {
 public:
  using Tell = std::function<bool(const std::vector<Told>&, bool found_something)>;
  explicit GapsPart(Tell tell) : tell_(std::move(tell)) {}

  void add(const Stored& stored, const Proof& proof) override {
    if (!stored.storage.empty()) return add(surveys_.of(stored), stored, proof);
    if (stored.kind == TIDEMARK_STORED_IRREGULAR) told_.push_back({nullptr, stored, {}, {}});
  }
  void finish() override { surveys_.finish(); }
  bool is_full() const override { return told_.size() >= kMostTold; }
  bool tell() override { return tell_(std::exchange(told_, {}), std::exchange(found_something_, false)); }

 private:
  void add(Survey& survey, const Stored& stored, const Proof& proof) {
    if (stored.kind == TIDEMARK_STORED_IRREGULAR || !proof.damage.empty()) {
      survey.add_damaged(stored);
      told_.push_back({nullptr, stored, {}, proof.damage});
    } else {
      survey.add(stored);
    }
    if (proof.record) keep_or_show(stored, *proof.record);
    tell_missing(survey, survey.coverage.take_settled());
  }

  void keep_or_show(const Stored& stored, Record record) {
    // A record made without a time of its own was made when it was stored.
    if (record.made_us == 0) record.made_us = stored.modified_us;
    if (stored.kind != TIDEMARK_STORED_GAP) {
      told_.push_back({kind_name(stored.kind), stored, std::move(record), {}});
      return;
    }
    // What of it is missing still, what comes later shows.
    gap_records_.emplace_back(stored, record);
    if (gap_records_.size() > kMaxGapRecords) gap_records_.pop_front();
  }

  // Exactly what can be accepted: not what a record says that an archive, or a person, has contradicted.
  void tell_missing(const Survey& survey, const std::vector<Missing>& missing) {
    for (const Missing& piece : missing) {
      if (piece.cause == Cause::kOrigin) continue;  // the record was shown
      Stored shown;
      Record record;
      const auto covers = [&](const auto& gap) {
        return gap.first.first <= piece.range.first && gap.first.last >= piece.range.last;
      };
      const auto gap = std::find_if(gap_records_.begin(), gap_records_.end(), covers);
      if (piece.cause == Cause::kGap && gap != gap_records_.end()) std::tie(shown, record) = *gap;
      shown.storage = survey.storage;
      shown.partition = survey.partition;
      shown.first = piece.range.first;
      shown.last = piece.range.last;
      told_.push_back({piece.cause == Cause::kGap ? "gap" : "hole", shown, record, {}});
    }
  }

  void end(Survey& survey) {
    tell_missing(survey, survey.coverage.finish());
    if (survey.holds_something()) found_something_ = true;
    gap_records_.clear();
  }

  const Tell tell_;
  SurveyOf<std::function<void(Survey&)>> surveys_{[this](Survey& survey) { end(survey); }};
  std::deque<std::pair<Stored, Record>> gap_records_;  // of the partition that is being listed, the newest
  std::vector<Told> told_;
  bool found_something_ = false;
};

class Gaps {
 public:
  Gaps(const GapsOptions& options, Archive& archive)
      : archive_(archive), options_(options), output_(options.json) {}

  int list() {
    const auto tell = [this](const std::vector<Told>& told, bool found_something) {
      found_something_ = found_something_ || found_something;
      for (const Told& one : told) {
        if (!failed_) show(one);
      }
      return !output_.failed() && !failed_;
    };
    Histories histories(archive_, options_.archive.epoch);
    hidden_.emplace(histories);
    auto listed = list_in_parts({archive_, &histories, true}, options_.scope, options_.jobs,
                                [&] { return std::make_unique<GapsPart>(tell); });
    if (!listed || failed_) return fail_with(listed ? *failed_ : listed.error());
    if (!found_something_ && !output_.failed())
      return finish(output_, tell_nothing(archive_, options_, {}, stop_));
    if (shown_ == 0) console().print("nothing is missing and nothing was recorded");
    return finish(output_, damaged_ ? kExitData : kExitOk);
  }

  int acknowledge() {
    const std::string& storage = options_.acknowledge->storage;
    const uint64_t partition = options_.acknowledge->partition;
    const uint64_t first = options_.acknowledge->first, last = options_.acknowledge->last;
    const std::string what = partition_text(storage, partition) + " " + range_text(first, last);
    // What lies after all that is archived in this history is not lost: it may still come.
    Histories histories(archive_, options_.archive.epoch);
    uint64_t newest = 0;
    bool is_held = false;
    const auto visit = [&](const Stored& stored) {
      newest = std::max(newest, stored.last);
      is_held |= stored.kind == TIDEMARK_STORED_ARCHIVE && stored.first <= last && stored.last >= first;
      return newest < last;
    };
    if (auto scanned = histories.scan({storage, partition}, 0, visit, stop_); !scanned)
      return fail_with(scanned.error());
    if (!options_.checkpoint.empty()) {
      auto known = load_checkpoint(options_.checkpoint, options_.archive.url);
      if (!known) return fail_with(known.error());
      if (const CheckedObjects& objects = (*known)[partition_text(storage, partition)]; !objects.empty())
        newest = std::max(newest, objects.back().last);
    }
    if (newest < last) {
      return fail_with(
          usage_error("cannot accept " + what + ": " +
                      (newest == 0 ? "nothing is stored there" : "the archive ends at LSN " + both(newest)) +
                      ", and what lies after may still come"));
    }
    // With --epoch the caller has chosen the history; of what is held accept_gap() tells.
    if (!options_.archive.epoch && !is_held) {
      auto hidden = HiddenArchives(histories).find(storage, partition, {first, last}, 0, stop_);
      if (!hidden) return fail_with(hidden.error());
      if (*hidden) {
        const auto chain = histories.chosen(storage, stop_);
        if (!chain) return fail_with(chain.error());
        return fail_with(usage_error("not accepted: " + what + " is not in the history of epoch " +
                                     std::to_string(chain->newest()) + hidden_text(**hidden) +
                                     "; to accept it all the same, add --epoch " +
                                     std::to_string(chain->newest())));
      }
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
  void show(const Told& told) {
    const auto& [type, stored, record, damage] = told;
    if (type == nullptr) return tell_damage(stored, damage);
    ++shown_;
    Json object = range_json(stored.storage, stored.partition, stored.first, stored.last);
    Json line;
    line["type"] = type;
    line.update(object);
    if (!stored.key.empty()) line["key"] = stored.key;
    line["made"] = record.made_us > 0 ? Json(utc_text(record.made_us)) : Json();
    line["reason"] = record.reason;
    const auto hidden = find_hidden(stored);
    if (hidden) line["other_key"] = hidden->key;
    output_.object(line);
    std::string text = type;
    text.resize(10, ' ');
    text += partition_text(stored.storage, stored.partition) + " " + range_text(stored.first, stored.last);
    if (record.made_us > 0) text += "  " + output_.time(record.made_us);
    if (!record.reason.empty()) text += "  " + printable(record.reason);
    output_.line(text + (hidden ? hidden_text(*hidden) : std::string()));
  }

  // Of what is recorded as lost, whether somebody has accepted it or not.
  std::optional<Stored> find_hidden(const Stored& stored) {
    const bool is_loss = stored.kind == TIDEMARK_STORED_GAP || stored.kind == TIDEMARK_STORED_ACCEPTED;
    if (!is_loss) return std::nullopt;
    auto hidden = hidden_->find(stored.storage, stored.partition, {stored.first, stored.last}, 0, stop_);
    if (hidden) return *hidden;
    failed_ = hidden.error();
    return std::nullopt;
  }

  void tell_damage(const Stored& stored, const std::string& why) {
    damaged_ = true;
    console().print(why.empty() ? printable(stored.key) + ": it is " + kWhatIsIrregular : why);
  }

  Archive& archive_;
  const GapsOptions& options_;
  Output output_;
  Stop stop_;
  std::optional<HiddenArchives> hidden_;
  std::optional<Error> failed_;
  bool damaged_ = false, found_something_ = false;
  uint64_t shown_ = 0;
};

}  // namespace

int run_gaps(const GapsOptions& options) {
  auto archive = Archive::open_existing(options.archive);
  if (!archive) return fail_with(archive.error());
  Gaps gaps(options, **archive);
  return options.acknowledge ? gaps.acknowledge() : gaps.list();
}

}  // namespace tidemark::cli
