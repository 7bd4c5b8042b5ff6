#include "findings.h"

#include <algorithm>

#include "hidden.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr size_t kColumn = 12;

Json key_json(const Stored& stored) {
  Json object;
  if (!stored.storage.empty()) {
    object["storage"] = stored.storage;
    object["partition"] = stored.partition;
  }
  object["key"] = stored.key;
  return object;
}

// What the plugin says begins with the key, and so does the line.
std::string without_key(const std::string& why, const std::string& key) {
  return why.starts_with(key + ": ") ? why.substr(key.size() + 2) : why;
}

}  // namespace

void Findings::say(const char* type, const char* what, const Json& object, const std::string& where,
                   const std::string& text) {
  ++told_[what];
  Json line;
  line["type"] = type;
  line[type] = what;
  line.update(object);
  line["message"] = text;
  output_.object(line);
  std::string name = what;
  name.resize(std::max(kColumn, name.size() + 1), ' ');
  output_.line(name + printable(where) + ": " + printable(text));
}

void Findings::damaged(const Stored& stored, const std::string& why) {
  ++problems_;
  say("problem", "damaged", key_json(stored), stored.key, without_key(why, stored.key));
}

void Findings::unreadable(const Stored& stored, const std::string& why) {
  ++problems_;
  say("problem", "unreadable", key_json(stored), stored.key, without_key(why, stored.key));
}

void Findings::disagree(const Stored& stored, const Overlap& overlap, uint64_t lsn) {
  ++problems_;
  Json object = range_json(stored.storage, stored.partition, overlap.shared.first, overlap.shared.last);
  object["key"] = overlap.later;
  object["other_key"] = overlap.earlier;
  object["lsn"] = lsn;
  say("problem", "disagree", object, overlap.later,
      "its entry of LSN " + both(lsn) + " differs from the one in " + overlap.earlier);
}

void Findings::lineage(const Stored& stored, const std::string& why) {
  ++problems_;
  Json object = key_json(stored);
  object["epoch"] = stored.epoch;
  say("problem", "lineage", object, stored.key, why);
}

void Findings::missing(const std::string& storage, uint64_t partition, const Missing& missing, uint64_t epoch,
                       const std::optional<Stored>& hidden) {
  ++problems_;
  const std::string name = partition_text(storage, partition);
  const auto [first, last] = missing.range;
  const bool is_gap = missing.cause == Cause::kGap;
  const std::string why =
      is_gap ? "recorded as lost: the engine no longer had it" : "no archive holds it and no record says why";
  Json object = range_json(storage, partition, first, last);
  if (epoch > 0) object["epoch"] = epoch;
  if (hidden) object["other_key"] = hidden->key;
  const std::string of = epoch > 0 ? "in the history of epoch " + std::to_string(epoch) + ": " : "";
  say("problem", is_gap ? "gap" : "hole", object, name + " " + range_text(first, last),
      of + why + (hidden ? hidden_text(*hidden) : std::string()) +
          "; to accept the loss: tidemark gaps URL --acknowledge " + name + " " + std::to_string(first) +
          " " + std::to_string(last) + " --reason TEXT" +
          (epoch > 0 ? " --epoch " + std::to_string(epoch) : ""));
}

void Findings::gone(const Gone& gone) {
  ++problems_;
  const uint64_t last = gone.first - 1;
  const std::string name = partition_text(gone.storage, gone.partition);
  const std::string of_history =
      gone.history > 0 ? "in the history of epoch " + std::to_string(gone.history) + " " : std::string();
  Json object = range_json(gone.storage, gone.partition, gone.first, gone.through);
  object["name"] = name;
  object["key"] = gone.newest_key;
  object["through"] = gone.through;
  if (gone.history > 0) object["history"] = gone.history;
  if (gone.read_instead != 0) {
    object["epoch"] = gone.read_instead;
    return say("problem", "gone", object, gone.newest_key,
               "the checkpoint says that it was right, and it is not there any more: of its entries, " +
                   range_text(gone.first, gone.through) + ", those of epoch " +
                   std::to_string(gone.read_instead) + " are read instead " + of_history +
                   "and another host may have written them; bring it back from a copy. To "
                   "accept that, begin another checkpoint");
  }
  say("problem", "gone", object, gone.newest_key,
      "the checkpoint says that it was right, but " + of_history + name +
          (last > 0 ? " now ends at LSN " + both(last) : std::string(" is not there any more")) +
          "; to accept the loss: tidemark gaps URL --acknowledge " + name + " " + std::to_string(gone.first) +
          " " + std::to_string(gone.through) + " --reason TEXT --checkpoint FILE" +
          (gone.history > 0 ? " --epoch " + std::to_string(gone.history) : std::string()));
}

void Findings::not_ours(const Stored& stored) {
  if (stored.kind == TIDEMARK_STORED_IRREGULAR) {
    return damaged(stored, std::string("it is ") + kWhatIsIrregular);
  }
  ++foreign_;
  say("warning", "foreign", key_json(stored), stored.key, "not of Tidemark: readers skip it");
}

void Findings::nothing(const std::string& name, const std::string& why) {
  ++problems_;
  Json object;
  object["name"] = name;
  say("problem", "nothing", object, name.empty() ? "the archive" : name, why);
}

void Findings::remnant(const Stored& stored, uint64_t pruned_through) {
  say("warning", "remnant", key_json(stored), stored.key,
      "everything up to LSN " + both(pruned_through) +
          " was pruned, but this is there; prune again removes it");
}

void Findings::leftover(const std::string& line) {
  say("warning", "leftover", Json::object(), "left by a crashed writer; the next one removes it", line);
}

void Findings::conflict(const Stored& stored, const std::string& why) {
  ++problems_;
  say("problem", "conflict", key_json(stored), stored.key,
      without_key(why, stored.key) +
          "; nothing was overwritten: two engines have written one of the two, or "
          "one engine was set back; decide which is right, and move the other away");
}

void Findings::at_destination(const char* problem, const Stored& stored, const std::string& why) {
  ++problems_;
  Json object = key_json(stored);
  object["side"] = "destination";
  say("problem", problem, object, stored.key, "at the destination: " + without_key(why, stored.key));
}

void Findings::source_lacks(const std::string& storage, uint64_t partition, Range first, uint64_t pieces,
                            uint64_t lsns) {
  ++problems_;
  const std::string more = pieces > 1 ? " (" + std::to_string(lsns) + " LSNs in " + std::to_string(pieces) +
                                            " pieces are missing, this is the first)"
                                      : "";
  say("problem", "hole", range_json(storage, partition, first.first, first.last),
      partition_text(storage, partition) + " " + range_text(first.first, first.last),
      "no archive of the source holds it and no record says why, so it cannot be copied from there" + more +
          "; what is missing: tidemark verify URL");
}

void Findings::held_back(const Stored& stored, uint64_t lowest_last) {
  say("warning", "held-back", key_json(stored), stored.key,
      "the destination has an archive that ends at LSN " + both(lowest_last) +
          " and the source has no longer: the record would hide it, so it was not copied");
}

void Findings::hidden(const std::string& storage, uint64_t partition, uint64_t through, uint64_t archives) {
  Json object;
  object["storage"] = storage;
  object["partition"] = partition;
  object["through"] = through;
  object["archives"] = archives;
  say("warning", "hidden", object, partition_text(storage, partition),
      "the destination was pruned up to LSN " + both(through) + ": " +
          count_text(archives, "archive of the source is", "archives of the source are") +
          " at or below it and hidden there, until the next prune there removes what is hidden; prune the "
          "source up to the same LSN too; restore of the copy reads them with --from");
}

void Findings::vanished(const Stored& stored) {
  say("warning", "vanished", key_json(stored), stored.key, "it was removed while this ran");
}

void Findings::not_compared(const std::string& name, const std::string& why) {
  Json object;
  object["name"] = name;
  say("warning", "not-compared", object, name, why);
}

void Findings::accepted(const Stored& stored, const Record& record, const std::optional<Stored>& hidden) {
  ++accepted_;
  Json object = range_json(stored.storage, stored.partition, stored.first, stored.last);
  object["key"] = stored.key;
  object["reason"] = record.reason;
  if (hidden) object["other_key"] = hidden->key;
  object["made"] = record.made_us > 0 ? Json(utc_text(record.made_us)) : Json();
  say("note", "accepted", object,
      partition_text(stored.storage, stored.partition) + " " + range_text(stored.first, stored.last),
      "lost and accepted" + (record.made_us > 0 ? " on " + output_.time(record.made_us) : std::string()) +
          ": " + record.reason + (hidden ? hidden_text(*hidden) : std::string()));
}

void Findings::pruned(const std::string& name, uint64_t through) {
  ++pruned_;
  Json object;
  object["name"] = name;
  object["through"] = through;
  say("note", "pruned", object, name, "removed on purpose up to LSN " + both(through));
}

void Findings::origin(const std::string& name, uint64_t through) {
  Json object;
  object["name"] = name;
  object["through"] = through;
  say("note", "origin", object, name,
      "begins after LSN " + both(through) + ": nothing before was ever in this archive");
}

void Findings::overruled(const std::string& storage, uint64_t partition, const std::string& key) {
  Json object;
  object["storage"] = storage;
  object["partition"] = partition;
  object["key"] = key;
  say("warning", "overruled", object, key,
      "it says that LSNs are not there which an archive or a gap record has; these count");
}

void Findings::measure(RunMetrics& metrics, uint64_t archives, uint64_t size_bytes, uint64_t partitions,
                       const Ledger& ledger) const {
  const auto count = [this](const char* what) {
    const auto found = told_.find(what);
    return found == told_.end() ? 0.0 : static_cast<double>(found->second);
  };
  for (const char* kind : {"damaged", "unreadable", "disagree", "lineage", "hole", "gap", "gone", "nothing"})
    metrics.set("problems", "What is not right, by the word that verify says", count(kind), kind);
  for (const char* kind : {"foreign", "remnant", "leftover", "vanished", "not-compared", "overruled"})
    metrics.set("warnings", "What verify warns of, by its word", count(kind), kind);
  metrics.set("accepted_gaps", "Losses that somebody accepted", count("accepted"));
  metrics.set("partitions", "Partitions looked at", static_cast<double>(partitions));
  metrics.set("read_archives", "Archives that were read and were right", static_cast<double>(archives));
  metrics.set("read_bytes", "Bytes of these archives", static_cast<double>(size_bytes));
  metrics.set("known_archives", "Archives that the checkpoint knew to be right, and that were not read",
              static_cast<double>(ledger.ages().sum()));
  metrics.set("oldest_check_timestamp_seconds",
              "When that one of these was read that was read longest ago; 0: none",
              static_cast<double>(ledger.ages().oldest_us) / 1e6);
}

void Findings::summarise(uint64_t archives, uint64_t size_bytes, uint64_t partitions, const Ledger& ledger) {
  const Ledger::Ages& ages = ledger.ages();
  Json object;
  object["type"] = "summary";
  object["archives"] = archives;
  object["size_bytes"] = size_bytes;
  object["known"] = ages.sum();
  object["read_again"] = ledger.read_again();
  object["known_ages"] = {{"day", ages.archives[0]},
                          {"week", ages.archives[1]},
                          {"30_days", ages.archives[2]},
                          {"longer", ages.archives[3]}};
  object["oldest_check"] = ages.oldest_us > 0 ? Json(utc_text(ages.oldest_us)) : Json();
  object["partitions"] = partitions;
  object["problems"] = problems_;
  object["foreign"] = foreign_;
  object["accepted_gaps"] = accepted_;
  object["pruned_partitions"] = pruned_;
  output_.object(object);
  std::string text = "verified " + count_text(archives, "archive", "archives") + ", " +
                     output_.bytes(size_bytes) + ", in " + count_text(partitions, "partition", "partitions");
  if (ledger.read_again() > 0) text += ", " + std::to_string(ledger.read_again()) + " of them once more";
  if (ages.sum() > 0) text += ", " + std::to_string(ages.sum()) + " more known from the checkpoint";
  text += problems_ == 0 ? ": all well" : ": " + count_text(problems_, "problem", "problems");
  if (accepted_ > 0) text += ", " + count_text(accepted_, "accepted gap", "accepted gaps");
  if (pruned_ > 0) text += ", " + count_text(pruned_, "partition was", "partitions were") + " pruned";
  if (foreign_ > 0) text += ", " + count_text(foreign_, "foreign object", "foreign objects");
  output_.line(text);
  if (ages.sum() == 0) return;
  output_.line("of those known: read within a day " + std::to_string(ages.archives[0]) + ", within a week " +
               std::to_string(ages.archives[1]) + ", within 30 days " + std::to_string(ages.archives[2]) +
               ", longer ago " + std::to_string(ages.archives[3]) + "; the oldest " +
               output_.time(ages.oldest_us));
}

}  // namespace tidemark::cli
