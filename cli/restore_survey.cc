#include "restore_survey.h"

#include <algorithm>
#include <cassert>

#include "format/object_name.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr size_t kMaxCommands = 20;  // that are worth showing at once

// "missing     main/7 LSN 4 …"
std::string line_of(const std::string& word, const std::string& rest) {
  std::string line = word;
  line.resize(std::max<size_t>(12, word.size() + 1), ' ');
  return line + rest;
}

const char* story_of(int32_t kind) {
  switch (kind) {
    case TIDEMARK_STORED_ACCEPTED:
      return "accepted as lost on ";
    case TIDEMARK_STORED_ORIGIN:
      return "never in this archive, which begins after it; recorded on ";
    default:
      return "the engine no longer had it; recorded on ";
  }
}

}  // namespace

RestoreSurvey::RestoreSurvey(const RestoreOptions& options, Histories& histories, ListingRoom& room,
                             Output& output, Stop& stop)
    : options_(options),
      histories_(histories),
      archive_(histories.archive()),
      output_(output),
      stop_(stop),
      name_(partition_text(options.scope.storage, *options.scope.partition)),
      plan_({options.from, options.to, options.to_time_us, options.prefer,
             !options.archive.identity_file.empty()}),
      wanted_(options.scope, room),
      second_look_(archive_),
      hidden_(histories) {}

void RestoreSurvey::add(const Stored& stored) {
  plan_.add(stored);
  if (plan_.is_wanted(stored)) wanted_.add(stored);
}

Result<void> RestoreSurvey::look() {
  if (const auto& sealed = plan_.sealed()) {
    return usage_error(printable(sealed->key) +
                       ": is encrypted; give the file of an identity that decrypts it "
                       "with --identity; nothing of " +
                       name_ + " was restored");
  }
  TM_TRY(read_beginning());
  plan_.finish();
  for (const std::string& key : options_.prefer) {
    const auto& found = plan_.preferred();
    if (std::none_of(found.begin(), found.end(), [&](const Stored& one) { return one.key == key; })) {
      return usage_error("--prefer " + printable(key) + ": " + name_ +
                         " has no archive of this key that counts (tidemark ls shows them)");
    }
  }
  if (plan_.is_empty() || plan_.has_too_many()) return {};
  TM_TRY(read_records());
  if (options_.follow_us) end_at_hole();
  if (plan_.is_empty()) return {};
  return plan_.missing().empty() ? compare() : Result<void>();
}

// A record that is damaged says nothing, whatever its name is.
Result<bool> RestoreSurvey::is_right(const Stored& stored, Record* record, std::string* damage) {
  auto read = archive_.read_record(stored.key, stop_);
  if (read) {
    *record = *read;
    return true;
  }
  const tidemark_status status = read.error().status;
  if (status != TIDEMARK_E_CORRUPT && status != TIDEMARK_E_NOT_FOUND) return read.error();
  *damage = read.error().message;
  return false;
}

Result<void> RestoreSurvey::read_beginning() {
  Record record;
  std::string damage;
  const auto& pruned = plan_.pruned();
  for (auto stored = pruned.rbegin(); stored != pruned.rend(); ++stored) {
    TM_ASSIGN(const bool right, is_right(*stored, &record, &damage));
    if (right) {
      plan_.believe_pruned(stored->last);
      break;
    }
    output_.say(damage + "; nothing is left out because of it");
  }
  if (!plan_.origin()) return {};
  TM_ASSIGN(const bool right, is_right(*plan_.origin(), &record, &damage));
  if (right) {
    plan_.believe_origin();
  } else {
    output_.say(damage);
  }
  return {};
}

Result<void> RestoreSurvey::read_records() {
  for (const Stored& stored : plan_.records()) {
    Told told{stored, {}, {}};
    TM_ASSIGN(const bool right, is_right(stored, &told.record, &told.damage));
    if (right && stored.kind == TIDEMARK_STORED_ACCEPTED && !options_.strict)
      plan_.pass({stored.first, stored.last});
    told_.push_back(std::move(told));
  }
  return {};
}

Result<void> RestoreSurvey::list_wanted(uint64_t from, const std::function<bool(const Stored&)>& visit) {
  if (wanted_.has_all()) {
    wanted_.each(from, visit);
    return {};
  }
  const auto on_object = [&](const Stored& stored) { return !plan_.is_wanted(stored) || visit(stored); };
  return histories_.scan(options_.scope, from, on_object, stop_);
}

Result<void> RestoreSurvey::compare() {
  const ListArchives list = [this](uint64_t from, const std::function<bool(const Stored&)>& visit) {
    return list_wanted(from, visit);
  };
  for (const Range& shared : plan_.shared()) {
    TM_ASSIGN(auto found, find_disagreements(archive_, list, shared, stop_));
    disagreements_.insert(disagreements_.end(), found.begin(), found.end());
    if (disagreements_.size() >= kDisagreementsMax) break;
  }
  return {};
}

// What comes later may still fill it, or a person may accept it.
void RestoreSurvey::end_at_hole() {
  const auto lost = acceptable();
  const auto hole = plan_.end_at_hole();
  if (!hole) return;
  const bool is_recorded = !lost.empty() && lost.front().first == hole->first;
  const Range waits_for = is_recorded ? lost.front() : *hole;
  std::string why = name_ + " waits at " + range_text(waits_for.first, waits_for.last);
  if (is_recorded) {
    why += ", which is recorded as lost: " + accepting(waits_for);
  } else if (plan_.pruned_through() >= hole->first) {
    why += ": it was pruned up to LSN " + both(plan_.pruned_through()) +
           " before it was restored. What lies after it can be restored into another directory";
  } else {
    why += ", which is not in the archive, though what comes after it is";
  }
  waits_at_ = {*hole, why};
}

// What cannot be asked now is not named.
std::optional<Stored> RestoreSurvey::find_hidden(Range lost) {
  const auto found = hidden_.find(options_.scope.storage, *options_.scope.partition, lost, 0, stop_);
  return found ? *found : std::nullopt;
}

std::string RestoreSurvey::accepting(Range lost) {
  const auto hidden = find_hidden(lost);
  return "this accepts that " + range_text(lost.first, lost.last) +
         " is lost, and restore then passes over it:\n  tidemark gaps " + options_.archive.words +
         " --acknowledge " + name_ + " " + std::to_string(lost.first) + " " + std::to_string(lost.last) +
         " --reason 'WHY'" + (hidden ? hidden_text(*hidden) : std::string());
}

void RestoreSurvey::show(const Told& told) {
  const Stored& stored = told.stored;
  const int64_t made_us = told.record.made_us > 0 ? told.record.made_us : stored.modified_us;
  Json object;
  object["type"] = kind_name(stored.kind);
  object.update(range_json(stored.storage, stored.partition, stored.first, stored.last));
  object["made"] = utc_text(made_us);
  object["reason"] = told.damage.empty() ? told.record.reason : told.damage;
  object["damaged"] = !told.damage.empty();
  const bool is_accepted = stored.kind == TIDEMARK_STORED_ACCEPTED && told.damage.empty();
  const auto hidden = is_accepted ? find_hidden({stored.first, stored.last}) : std::nullopt;
  if (hidden) object["other_key"] = hidden->key;
  output_.object(object);
  const std::string what = name_ + " " + range_text(stored.first, stored.last) + ": ";
  if (!told.damage.empty()) {
    output_.line(line_of("damaged", what + told.damage + "; it explains nothing"));
    return;
  }
  output_.line(line_of(kind_name(stored.kind),
                       what + story_of(stored.kind) + output_.time(made_us) +
                           (told.record.reason.empty() ? "" : ": " + printable(told.record.reason)) +
                           (hidden ? hidden_text(*hidden) : std::string())));
}

void RestoreSurvey::show_missing() {
  for (const Range& hole : plan_.missing()) {
    Json object;
    object["type"] = "missing";
    object.update(range_json(options_.scope.storage, *options_.scope.partition, hole.first, hole.last));
    output_.object(object);
    output_.line(line_of("missing", name_ + " " + range_text(hole.first, hole.last)));
  }
  for (const Told& told : told_) show(told);
  for (const Disagreement& one : disagreements_) {
    Json object;
    object["type"] = "disagree";
    object.update(range_json(options_.scope.storage, *options_.scope.partition, one.lsn, one.lsn));
    object["key"] = one.one;
    object["other_key"] = one.other;
    output_.object(object);
    output_.line(line_of("disagree", name_ + " " + range_text(one.lsn, one.lsn) + ": " + printable(one.one) +
                                         " and " + printable(one.other) + " hold different content"));
  }
}

// Without what right records say that somebody has accepted; with --strict that is missing too.
std::vector<Range> RestoreSurvey::not_accepted(Range lost) const {
  std::vector<Range> left = {lost};
  for (const Told& told : told_) {
    if (told.stored.kind != TIDEMARK_STORED_ACCEPTED || !told.damage.empty()) continue;
    std::vector<Range> rest;
    for (const Range& piece : left) {
      const auto accepted = overlap(piece, {told.stored.first, told.stored.last});
      if (!accepted) rest.push_back(piece);
      if (accepted && piece.first < accepted->first) rest.push_back({piece.first, accepted->first - 1});
      if (accepted && accepted->last < piece.last) rest.push_back({accepted->last + 1, piece.last});
    }
    left = std::move(rest);
  }
  return left;
}

// What is missing and right gap records name: what an operator may accept.
std::vector<Range> RestoreSurvey::acceptable() const {
  std::vector<Range> lost;
  for (const Range& hole : plan_.missing()) {
    for (const Told& told : told_) {
      if (told.stored.kind != TIDEMARK_STORED_GAP || !told.damage.empty()) continue;
      const auto both = overlap(hole, {told.stored.first, told.stored.last});
      for (const Range& piece : both ? not_accepted(*both) : std::vector<Range>()) {
        if (!lost.empty() && lost.back().last + 1 >= piece.first && lost.back().last <= piece.last) {
          lost.back().last = piece.last;
        } else {
          lost.push_back(piece);
        }
      }
    }
  }
  return lost;
}

void RestoreSurvey::show_remedies() {
  const auto lost = acceptable();
  for (size_t at = 0; at < std::min(lost.size(), kMaxCommands); ++at) output_.say(accepting(lost[at]));
  const auto& missing = plan_.missing();
  const auto has_accepted = [this](const Range& one) { return not_accepted(one) != std::vector{one}; };
  if (std::any_of(missing.begin(), missing.end(), has_accepted))
    output_.say("what was accepted as lost is missing too; without --strict restore passes over it");
  if (lost.size() > kMaxCommands)
    output_.say("and " + std::to_string(lost.size() - kMaxCommands) + " more like these");
}

Error RestoreSurvey::refuse() {
  assert(is_refused());
  const std::string all = name_ + " " + range_text(plan_.range().first, plan_.range().last);
  if (plan_.is_empty()) {
    return {kExitData, "nothing of " + name_ + " is there to restore" +
                           (options_.to_time_us ? " from before that time" : "") +
                           " (tidemark info shows what is)"};
  }
  if (plan_.has_too_many()) {
    return {kExitData, all +
                           " has more holes or records than restore can look at at once; give "
                           "--from and --to to restore it in parts"};
  }
  show_missing();
  (void)output_.finish();
  if (!disagreements_.empty()) {
    return {kExitData, "archives of " + name_ +
                           " disagree; nothing was restored (tidemark fetch shows each; --prefer KEY "
                           "takes all that this archive holds from it)"};
  }
  show_remedies();
  const auto& missing = plan_.missing();
  std::string remedy;
  if (missing.front().first > plan_.range().first)
    remedy = "--to " + std::to_string(missing.front().first - 1) + " stops before";
  if (missing.back().last < plan_.range().last) {
    remedy += (remedy.empty() ? "" : ", ") + ("--from " + std::to_string(missing.back().last + 1)) +
              " begins after";
  }
  return {kExitData, "not all of " + all + " is in the archive; nothing was restored" +
                         (remedy.empty() ? "" : " (" + remedy + ")")};
}

void RestoreSurvey::tell() {
  if (plan_.pruned_through() > 0 && !options_.from)
    output_.say(name_ + " was pruned up to LSN " + both(plan_.pruned_through()) + ": beginning after it");
  if (plan_.origin_through() > 0 && !options_.from)
    output_.say(name_ + " begins after LSN " + both(plan_.origin_through()) +
                ": nothing before was ever in this archive");
  for (const Told& told : told_) {
    if (told.stored.kind == TIDEMARK_STORED_ACCEPTED) show(told);
  }
}

Result<void> RestoreSurvey::each_piece(const std::function<bool(const Piece&)>& visit) {
  PieceChooser chooser(plan_.range(), plan_.passed(), plan_.preferred());
  bool ended = false;
  const auto give = [&](const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces) {
      if (!visit(piece)) return !(ended = true);
    }
    return !chooser.is_done();
  };
  auto listed =
      list_wanted(plan_.range().first, [&](const Stored& stored) { return give(chooser.add(stored)); });
  if (listed && !ended) give(chooser.finish());
  if (listed && !ended && !chooser.is_done())
    return explain("", {chooser.next(), chooser.next()}, "is not listed any more");
  return listed;
}

Error RestoreSurvey::explain(const std::string& key, Range range, const std::string& message) {
  const auto parsed = parse_object_key(key);
  Stored stored;
  stored.storage = options_.scope.storage;
  stored.partition = *options_.scope.partition;
  stored.key = key;
  stored.last = parsed ? parsed->name.range.last : range.last;
  const auto was_removed = second_look_.was_removed(stored, stop_);
  if (!was_removed) return was_removed.error();
  if (!*was_removed) {
    return {kExitData, printable(key) + ": is listed but cannot be read: " + message, TIDEMARK_E_CORRUPT};
  }
  // Asked again: when another archive was missing there may not have been a record yet.
  const auto pruned_through = SecondLook(archive_).pruned_through(stored, stop_);
  if (!pruned_through) return pruned_through.error();
  if (*pruned_through >= range.first) {
    return {kExitData, name_ + " was pruned up to LSN " + both(*pruned_through) +
                           " while this restore ran: " + range_text(range.first, *pruned_through) +
                           " can no longer be restored. What lies after it is there: --from " +
                           std::to_string(*pruned_through + 1) + " brings it"};
  }
  return {kExitData,
          name_ + " " + range_text(range.first, range.last) +
              " was there a moment ago and is not any more, and no record says that it was pruned"};
}

}  // namespace tidemark::cli
