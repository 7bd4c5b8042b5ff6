#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/printable.h"
#include "base/wall_clock.h"
#include "branches.h"
#include "checkpoint.h"
#include "checkpoint_age.h"
#include "console.h"
#include "format/lsn.h"
#include "format/types.h"
#include "hidden.h"
#include "info_facts.h"
#include "info_page.h"
#include "nothing.h"
#include "ordered_pool.h"
#include "parted_listing.h"
#include "run_metrics.h"
#include "survey.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

constexpr size_t kMaxKeys = 1000;      // of what is damaged, told of one partition
constexpr size_t kMaxRecorded = 1000;  // losses of one partition that are looked for in older epochs
constexpr size_t kMaxHidden = 10;      // archives that are named because they have some

void note(std::vector<std::string>& keys, const std::string& key) {
  if (keys.size() < kMaxKeys) keys.push_back(key);
}

// Finds out the facts of a partition from its objects.
class FactFinder {
 public:
  explicit FactFinder(const Stored& first) : survey_(first.storage, first.partition) {}
  bool is_of(const Stored& stored) const { return survey_.is_of(stored); }

  void add(const Stored& stored, bool is_damaged) {
    if (is_damaged) {
      note(facts_.damaged, stored.key);
      survey_.add_damaged(stored);
    } else {
      survey_.add(stored);
      if (stored.kind == TIDEMARK_STORED_ACCEPTED) record({stored.first, stored.last});
    }
    count(survey_.coverage.take_settled());
    facts_.overruled += survey_.take_overruled().size();
  }

  Facts finish() {
    count(survey_.coverage.finish());
    if (survey_.origin_is_overruled()) ++facts_.overruled;
    facts_.storage = survey_.storage;
    facts_.partition = survey_.partition;
    // A recorded gap does not hold the frontier back: the archiver has continued after it.
    facts_.frontier = facts_.losses.holes > 0 ? before_hole_ : survey_.coverage.last();
    facts_.first = survey_.first;
    facts_.last = survey_.last;
    facts_.archives = survey_.archives;
    facts_.archive_bytes = survey_.archive_bytes;
    facts_.oldest_us = survey_.oldest_us;
    facts_.newest_us = survey_.newest_us;
    facts_.accepted_records = survey_.accepted_records;
    facts_.pruned_through = survey_.pruned_through;
    facts_.origin_through = survey_.origin_through();
    facts_.foreign = survey_.foreign;
    facts_.has_remnants = survey_.has_remnants();
    facts_.holds_something = survey_.holds_something();
    return std::move(facts_);
  }

 private:
  void record(const Range& lost) {
    if (facts_.recorded.size() < kMaxRecorded) facts_.recorded.push_back(lost);
  }

  void count(const std::vector<Missing>& missing) {
    for (const Missing& piece : missing) {
      if (piece.cause == Cause::kOrigin) continue;
      if (piece.cause == Cause::kGap) {
        ++facts_.losses.gaps;
        facts_.losses.gap_lsns += size_of(piece.range);
        record(piece.range);
      } else {
        ++facts_.losses.holes;
        facts_.losses.missing_lsns += size_of(piece.range);
        if (facts_.losses.holes == 1) before_hole_ = piece.range.first - 1;
      }
    }
  }

  Survey survey_;
  Facts facts_;
  uint64_t before_hole_ = 0;
};

// Of a part of the listing: the partitions, and what lies in none.
class InfoPart : public ListedPart {
 public:
  struct Rest {
    std::vector<std::string> irregular;
    uint64_t strangers = 0;
    Growth growth;
  };
  // Called by tell(); `tell_rest` adds up.
  using TellFacts = std::function<bool(Facts&)>;
  using TellRest = std::function<void(const Rest&)>;
  InfoPart(TellFacts tell_facts, TellRest tell_rest, bool counts_growth)
      : tell_facts_(std::move(tell_facts)), tell_rest_(std::move(tell_rest)), counts_growth_(counts_growth) {}

  void add(const Stored& stored, const Proof& proof) override {
    const bool is_damaged = stored.kind == TIDEMARK_STORED_IRREGULAR || !proof.damage.empty();
    if (!stored.storage.empty()) {
      if (finder_ && !finder_->is_of(stored)) finish();
      if (!finder_) finder_.emplace(stored);
      finder_->add(stored, is_damaged);
      if (counts_growth_ && stored.kind == TIDEMARK_STORED_ARCHIVE) rest_.growth.add(stored);
    } else if (is_damaged) {
      note(rest_.irregular, stored.key);
    } else if (!is_epoch(stored)) {
      ++rest_.strangers;
    }
  }

  void finish() override {
    if (finder_) found_.push_back(finder_->finish());
    finder_.reset();
  }

  bool tell() override {
    tell_rest_(std::exchange(rest_, {}));
    auto found = std::exchange(found_, {});
    return std::all_of(found.begin(), found.end(), tell_facts_);
  }

 private:
  const TellFacts tell_facts_;
  const TellRest tell_rest_;
  const bool counts_growth_;
  std::optional<FactFinder> finder_;  // of the partition that is being listed
  std::vector<Facts> found_;
  Rest rest_;
};

class Info {
 public:
  Info(const InfoOptions& options, RunMetrics& metrics)
      : options_(options), metrics_(metrics), output_(options.json) {}

  int run() {
    if (!options_.html.empty()) {
      if (const auto begun = begin_page(); !begun) return fail_with(begun.error());
    }
    auto archive = Archive::open(options_.archive);
    if (!archive) return fail_with(archive.error());
    const auto make = [this] {
      return std::make_unique<InfoPart>([this](Facts& facts) { return find_hidden(facts) && print(facts); },
                                        [this](const InfoPart::Rest& rest) { add(rest); }, page_.has_value());
    };
    Histories histories(**archive, options_.archive.epoch);
    HiddenArchives hidden(histories);
    hidden_ = &hidden;
    const auto count = [this](const Stored& stored, const std::vector<LineageEnd>& ends,
                              const EpochCut::Parts& parts) { branches_.add(stored, ends, parts); };
    auto listed = list_in_parts({**archive, &histories, true, count}, options_.scope, options_.jobs, make);
    if (!listed || failed_) return fail_with(listed ? *failed_ : listed.error());
    for (const auto& [storage, lineage] : histories.known()) tell_histories(storage, *lineage);
    // What is not all of it replaces no page.
    if (page_ && !output_.failed()) {
      if (const auto written = write_page(**archive); !written) return fail_with(written.error());
    }
    print_total();
    measure();
    Stop stop;
    if (!found_something_ && !output_.failed())
      return finish(output_, tell_nothing(**archive, options_, {}, stop));
    return finish(output_, has_damage_ || !strays_.empty() ? kExitData : kExitOk);
  }

 private:
  Result<void> begin_page() {
    TM_TRY(tidemark::may_replace(options_.html, kInfoPageBeginning));
    const int64_t now_us = wall_clock_us();
    const std::string url = printable_url(options_.archive.url);
    const std::string part = folder_of(options_.scope);
    const std::string epoch =
        options_.archive.epoch ? ", epoch " + std::to_string(*options_.archive.epoch) : std::string();
    page_.emplace(url + (part.empty() ? part : " " + part.substr(0, part.size() - 1)) + epoch, url, now_us);
    if (options_.checkpoint.empty()) return {};
    if (std::error_code error; !std::filesystem::exists(options_.checkpoint, error)) {
      console().print("--checkpoint " + printable(options_.checkpoint) +
                      " is not there: verify has not kept it yet, or it is elsewhere");
    }
    TM_ASSIGN(const Checkpoint known, load_checkpoint(options_.checkpoint, options_.archive.url));
    page_->set_checked(age_of(known, options_.scope, now_us));
    return {};
  }

  // What is damaged, or gone by now, is for others to find.
  Result<void> ask_plain_sizes(Archive& archive) {
    PlainSizes sizes;
    std::optional<Error> failed;
    Stop stop;
    OrderedPool pool(options_.jobs);
    for (const auto& [hash, one] : page_->growth().sampled()) {
      pool.submit([&archive, &stop, &sizes, &failed, &one = one]() -> OrderedPool::Epilogue {
        const auto asked = archive.plain_size(one.key, stop);
        return [asked, &sizes, &failed, &one] {
          if (asked && *asked > 0) {
            ++sizes.archives;
            sizes.stored_bytes += one.size_bytes;
            sizes.plain_bytes += *asked;
          } else if (!asked && asked.error().status != TIDEMARK_E_CORRUPT &&
                     asked.error().status != TIDEMARK_E_NOT_FOUND && !failed) {
            failed = asked.error();
          }
        };
      });
    }
    while (pool.pending() > 0) {
      if (auto epilogue = pool.take(std::chrono::milliseconds(100))) (*epilogue)();
      if (failed) return *failed;
    }
    page_->set_plain_sizes(sizes);
    return {};
  }

  Result<void> write_page(Archive& archive) {
    TM_TRY(ask_plain_sizes(archive));
    for (const std::string& key : strays_) page_->add_stray(key);
    page_->set_foreign(strangers_);
    TM_TRY(tidemark::may_replace(options_.html, kInfoPageBeginning));
    TM_TRY(replace_file(options_.html, page_->text(), Durability::kFsync));
    return {};
  }

  void tell_histories(const std::string& storage, const Lineage& lineage) {
    for (const History& history : branches_.histories(storage, lineage)) {
      tell(history, output_);
      if (page_) page_->add(history);
    }
    for (const auto& [epoch, why] : lineage.damaged()) note(strays_, epoch_key(storage, epoch));
    for (const auto& [number, epoch] : lineage.epochs()) {
      if (!lineage.problem_of(epoch).empty()) note(strays_, epoch_key(storage, number));
    }
  }

  void add(const InfoPart::Rest& rest) {
    for (const std::string& key : rest.irregular) note(strays_, key);
    strangers_ += rest.strangers;
    if (page_) page_->add(rest.growth);
  }

  bool find_hidden(Facts& facts) {
    Stop stop;
    for (const Range& lost : facts.recorded) {
      const auto found = hidden_->find(facts.storage, facts.partition, lost, 0, stop);
      if (!found) {
        failed_ = found.error();
        return false;
      }
      const auto is_same = [&](const Stored& one) { return one.key == (*found)->key; };
      if (!*found || facts.hidden.size() == kMaxHidden) continue;
      if (std::none_of(facts.hidden.begin(), facts.hidden.end(), is_same)) facts.hidden.push_back(**found);
    }
    return true;
  }

  bool print(const Facts& facts) {
    if (options_.json) {
      print_json(facts);
    } else {
      print_text(facts);
    }
    if (page_) page_->add(facts);
    if (facts.holds_something) found_something_ = true;
    ++partitions_;
    archives_ += facts.archives;
    bytes_ += facts.archive_bytes;
    add_up(facts);
    has_damage_ = has_damage_ || !facts.damaged.empty();
    return !output_.failed();
  }

  void add_up(const Facts& facts) {
    all_.losses.holes += facts.losses.holes;
    all_.losses.missing_lsns += facts.losses.missing_lsns;
    all_.losses.gaps += facts.losses.gaps;
    all_.losses.gap_lsns += facts.losses.gap_lsns;
    all_.accepted_records += facts.accepted_records;
    all_.foreign += facts.foreign;
    damaged_ += facts.damaged.size();
    if (facts.archives == 0) return;
    all_.newest_us = std::max(all_.newest_us, facts.newest_us);
    all_.oldest_us = all_.oldest_us == 0 ? facts.oldest_us : std::min(all_.oldest_us, facts.oldest_us);
  }

  void measure() {
    const auto set = [this](const char* name, const char* help, uint64_t value) {
      metrics_.set(name, help, static_cast<double>(value));
    };
    set("partitions", "Partitions that the archive has", partitions_);
    set("archives", "Archives of all partitions", archives_);
    set("archive_bytes", "Bytes of these archives", bytes_);
    set("holes", "Ranges of LSNs that are not there, and nobody knows why", all_.losses.holes);
    set("missing_lsns", "LSNs in these holes", all_.losses.missing_lsns);
    set("gaps", "Losses that are recorded and that nobody has accepted", all_.losses.gaps);
    set("gap_lsns", "LSNs in these gaps", all_.losses.gap_lsns);
    set("accepted_gaps", "Losses that somebody accepted", all_.accepted_records);
    set("damaged_records", "Records that are damaged, and what is irregular", damaged_ + strays_.size());
    set("foreign_objects", "Objects that are not of Tidemark", all_.foreign + strangers_);
    metrics_.set("oldest_archive_timestamp_seconds", "When the oldest archive was stored; 0: there is none",
                 static_cast<double>(all_.oldest_us) / 1e6);
    metrics_.set("newest_archive_timestamp_seconds", "When the newest archive was stored; 0: there is none",
                 static_cast<double>(all_.newest_us) / 1e6);
  }

  void print_json(const Facts& facts) {
    Json object;
    object["type"] = "partition";
    object["storage"] = facts.storage;
    object["partition"] = facts.partition;
    object["frontier"] = facts.frontier;
    object["frontier_key"] = "@" + lsn_text(facts.frontier);
    object["first"] = facts.first;
    object["last"] = facts.last;
    object["archives"] = facts.archives;
    object["size_bytes"] = facts.archive_bytes;
    object["oldest"] = facts.archives > 0 ? Json(utc_text(facts.oldest_us)) : Json();
    object["newest"] = facts.archives > 0 ? Json(utc_text(facts.newest_us)) : Json();
    object["holes"] = facts.losses.holes;
    object["missing_lsns"] = facts.losses.missing_lsns;
    object["gaps"] = facts.losses.gaps;
    object["gap_lsns"] = facts.losses.gap_lsns;
    object["accepted_gaps"] = facts.accepted_records;
    object["pruned_through"] = facts.pruned_through;
    object["origin_through"] = facts.origin_through;
    object["overruled"] = facts.overruled;
    object["remnants"] = facts.has_remnants;
    object["damaged"] = facts.damaged;
    object["foreign"] = facts.foreign;
    if (!facts.hidden.empty()) object["other_keys"] = Json::array();
    for (const Stored& hidden : facts.hidden) object["other_keys"].push_back(hidden.key);
    output_.object(object);
  }

  void print_text(const Facts& facts) {
    output_.line(partition_text(facts.storage, facts.partition));
    output_.line("  frontier  " + (facts.frontier > 0 ? both(facts.frontier) : std::string("nothing")));
    if (facts.archives > 0) {
      output_.line("  archives  " + std::to_string(facts.archives) + ", " +
                   output_.bytes(facts.archive_bytes) + ", " + range_text(facts.first, facts.last));
      output_.line("  archived  " + output_.time(facts.oldest_us) + " (oldest) to " +
                   output_.time(facts.newest_us) + " (newest)");
    }
    if (facts.pruned_through > 0) output_.line("  pruned    up to " + both(facts.pruned_through));
    if (facts.origin_through > 0) {
      output_.line("  begins    after " + both(facts.origin_through) + ", nothing before was ever there");
    }
    if (facts.losses.holes > 0) {
      output_.line("  missing   " + count_text(facts.losses.missing_lsns, "entry", "entries") + " in " +
                   count_text(facts.losses.holes, "hole", "holes") + " (tidemark gaps lists them)");
    }
    if (facts.losses.gaps > 0) {
      output_.line("  lost      " + count_text(facts.losses.gap_lsns, "entry", "entries") + " in " +
                   count_text(facts.losses.gaps, "recorded gap", "recorded gaps") + ", not accepted");
    }
    if (facts.accepted_records > 0)
      output_.line("  accepted  " + count_text(facts.accepted_records, "gap", "gaps"));
    for (const Stored& hidden : facts.hidden)
      output_.line("  hidden    recorded as lost" + hidden_text(hidden));
    if (facts.overruled > 0) {
      output_.line("  overruled " + count_text(facts.overruled, "record", "records") +
                   " of a loss, of which an archive has some (tidemark verify names them)");
    }
    if (facts.has_remnants)
      output_.line("  remnants  archives lie below what was pruned (tidemark verify names them)");
    for (const std::string& key : facts.damaged) output_.line("  damaged   " + printable(key));
    if (facts.foreign > 0) output_.line("  foreign   " + count_text(facts.foreign, "object", "objects"));
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
  RunMetrics& metrics_;
  Facts all_;  // what is added up of all partitions
  uint64_t damaged_ = 0;
  Output output_;
  Branches branches_;
  std::optional<InfoPage> page_;
  HiddenArchives* hidden_ = nullptr;  // while it runs
  std::optional<Error> failed_;
  // What is irregular and lies in no partition, and records of epochs that are not right.
  std::vector<std::string> strays_;
  bool has_damage_ = false, found_something_ = false;  // anywhere
  uint64_t partitions_ = 0, archives_ = 0, bytes_ = 0, strangers_ = 0;
};

}  // namespace

int run_info(const InfoOptions& options) {
  RunMetrics metrics("info", options.metrics);
  if (const auto may = metrics.check(); !may) return fail_with(may.error());
  return metrics.finish(Info(options, metrics).run());
}

}  // namespace tidemark::cli
