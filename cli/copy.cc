#include "copy.h"

#include <algorithm>
#include <utility>

#include "lineage.h"
#include "nothing.h"
#include "same_place.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

using std::chrono::milliseconds;

constexpr size_t kWindowObjects = 128;  // from the oldest that is not there yet to the newest begun
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kMemoryBytes = 256 * kMiB;
constexpr uint64_t kWholeBytes = 65 * kMiB;    // archives up to here are read at once
constexpr uint64_t kPiecesBytes = 192 * kMiB;  // for one that is larger: what a sink sends side by side
constexpr uint64_t kEncodeBytes =
    8 * kMiB;                        // at least for one that is encoded: the tar, and what becomes of it
constexpr uint64_t kUsualRatio = 8;  // what compression makes of a write-ahead log, or less

bool is_beginning(const Stored& stored) {
  return stored.kind == TIDEMARK_STORED_PRUNED || stored.kind == TIDEMARK_STORED_ORIGIN;
}

}  // namespace

Copy::Copy(const CopyOptions& options)
    : options_(options),
      names_(options.encoding),
      window_(std::min<size_t>(kWindowObjects, size_t{options.jobs} * 4)),
      output_(options.json),
      pace_(options.bytes_per_second),
      memory_(kMemoryBytes),
      pool_(options.jobs) {}

// A dry run creates nothing, so what is not there yet is an empty destination to it.
Result<void> Copy::open_destination() {
  ArchiveOptions wanted = options_.to;
  wanted.read_only = options_.dry_run;
  auto opened = Archive::open(wanted);
  if (!opened && options_.dry_run && opened.error().status == TIDEMARK_E_NOT_FOUND) return {};
  if (!opened) return opened.error();
  destination_ = std::move(*opened);
  there_ = std::make_unique<PulledListing>(*destination_, options_.scope);
  return {};
}

// The destination is not touched, let alone created, before the source has shown something to copy.
Result<bool> Copy::find_something(PulledListing& source) {
  for (;;) {
    TM_ASSIGN(const Stored* const next, source.peek());
    if (next == nullptr) return false;
    if (is_ours(*next)) return true;
    skip(source.take());
  }
}

void Copy::skip(const Stored& stored) {
  if (stored.kind != TIDEMARK_STORED_IRREGULAR) {
    summary_.foreign += is_epoch(stored) ? 0 : 1;
    return;
  }
  look_for_holes(stored);
  pool_.submit_done([this, stored] { findings_.not_ours(stored); });
}

void Copy::look_for_holes(const Stored& stored) {
  if (!names_entries(stored) || stop_.is_set()) return;
  if (auto added = holes_->add(stored, stop_); !added) {
    failed_ = added.error();
    stop_.asked = true;
  }
}

Result<void> Copy::copy_all(PulledListing& source) {
  while (!stop_.is_set()) {
    TM_ASSIGN(const auto group,
              next_group(source, there_.get(), [this](const Stored& other) { skip(other); }));
    if (!group) break;
    visit(*group);
    drain(window_ - 1);
  }
  end_partition();
  if (!stop_.is_set()) holes_->finish();
  drain(0);
  return stop_.is_set() ? Result<void>() : bring_what_pruned();
}

// The records of its epochs, before all else of it: without them nobody knows whose history the rest is. If
// the destination has other ones, its archives are another history's, and nothing is mixed into them.
Result<void> Copy::begin_storage(const std::string& storage) {
  bring_beginnings(UINT64_MAX, older_there_);
  drain(0);
  storage_ = storage;
  is_left_out_ = false;
  std::vector<Stored> records;
  std::set<std::string> there;
  TM_TRY(source_->scan_folders(
      {epoch_folder(storage)}, "",
      [&](const Stored& stored) {
        if (is_epoch(stored)) records.push_back(stored);
        return true;
      },
      stop_));
  if (!records.empty() && destination_) {
    TM_TRY(destination_->scan_folders(
        {epoch_folder(storage)}, "",
        [&](const Stored& stored) {
          if (is_epoch(stored)) there.insert(stored.key);
          return true;
        },
        stop_));
  }
  for (const Stored& stored : records) {
    brought_epochs_.insert(stored.key);
    submit(stored, there.contains(stored.key) ? std::vector{stored.key} : std::vector<std::string>());
    drain(window_ - 1);
  }
  drain(0);
  if (is_left_out_) console().print("nothing else of " + storage + " was copied");
  return {};
}

void Copy::begin_partition(const Stored& stored) {
  PartitionName name{stored.storage, stored.partition};
  if (partition_ == name) return;
  end_partition();
  partition_ = std::move(name);
  has_begun_ = false;
  older_there_ = {};
  brought_.clear();
  first_ = {};
}

void Copy::end_partition() {
  bring_beginnings(UINT64_MAX, older_there_);
  if (!partition_) return;
  pool_.submit_done([this, name = *partition_] {
    const HiddenThere hidden = std::exchange(hidden_, {});
    if (hidden.archives() > 0) findings_.hidden(name.storage, name.id, hidden.through(), hidden.archives());
  });
}

// The records take their turn between the archives, which count once they are there.
void Copy::look_for_pruned(const ListedGroup& group) {
  for (const Stored& stored : group.source) {
    if (stored.kind != TIDEMARK_STORED_PRUNED) continue;
    pool_.submit_done([this, last = stored.last] { hidden_.pruned_at_source(last); });
  }
  for (const Stored& stored : group.destination) {
    if (stored.kind != TIDEMARK_STORED_PRUNED) continue;
    pool_.submit_done([this, last = stored.last] { hidden_.pruned_there(last); });
  }
}

// One that was begun since.
void Copy::visit_epoch(const ListedGroup& group) {
  if (group.source.empty() || is_left_out_) return;
  const Stored& epoch = group.source.front();
  if (brought_epochs_.contains(epoch.key)) return;
  submit(epoch, group.destination.empty() ? std::vector<std::string>() : std::vector{epoch.key});
}

void Copy::visit(const ListedGroup& group) {
  const Stored& either = group.source.empty() ? group.destination.front() : group.source.front();
  if (is_epoch(either)) return visit_epoch(group);
  if (storage_ != either.storage) {
    if (auto begun = begin_storage(either.storage); !begun) {
      failed_ = begun.error();
      stop_.asked = true;
    }
  }
  if (is_left_out_ || stop_.is_set()) return;
  begin_partition(either);
  look_for_pruned(group);
  if (either.kind == TIDEMARK_STORED_ARCHIVE)
    older_there_.add(either.first, either.last, group.source.empty());
  summary_.in_the_clear += names_.in_the_clear(group);
  std::set<std::string> compared;
  for (const Stored& stored : group.source) {
    look_for_holes(stored);
    compared.merge(visit_source(stored, group));
  }
  summary_.extra += group.destination.size() - compared.size();
}

std::set<std::string> Copy::visit_source(const Stored& stored, const ListedGroup& group) {
  const bool is_first = !std::exchange(has_begun_, true);
  const std::vector<std::string> there = names_.to_compare(stored, group);
  if (is_beginning(stored) && there.empty()) {
    if (!brought_.contains(stored.key)) beginnings_.push_back(stored);
    return {};
  }
  // Something came before the record that says why nothing lies before it: a prune that was stopped, say.
  if (is_first && stored.first > 1) {
    if (auto found = find_beginning(); !found) {
      failed_ = found.error();
      stop_.asked = true;
      return {};
    }
  }
  bring_beginnings(stored.last, older_there_);
  const bool has_its_size = std::any_of(
      group.destination.begin(), group.destination.end(),
      [&](const Stored& one) { return one.key == stored.key && one.size_bytes == stored.size_bytes; });
  if (options_.size_only && has_its_size) {
    pool_.submit_done([this, stored] {
      count_present(stored);
      summary_.compared.by_size += stored.kind == TIDEMARK_STORED_ARCHIVE ? 1 : 0;
    });
  } else if (there.empty() && names_.is_refused(stored)) {
    pool_.submit_done([this, stored] {
      findings_.unreadable(stored,
                           "it is encrypted, and nobody said for whom its copy is to be encrypted: give "
                           "--recipients FILE, or --recipients none");
    });
  } else {
    submit(stored, there);
  }
  return {there.begin(), there.end()};
}

// Looks through the partition for the records of where it begins; the one listing that is not enough.
Result<void> Copy::find_beginning() {
  const Scope scope{partition_->storage, partition_->id};
  PulledListing source(*source_, scope);
  std::optional<PulledListing> there;
  if (destination_) there.emplace(*destination_, scope);
  OlderThere older_there;
  for (;;) {
    TM_ASSIGN(const auto group, next_group(source, there ? &*there : nullptr, [](const Stored&) {}));
    if (!group) break;
    const bool is_only_there = group->source.empty();
    const Stored& either = is_only_there ? group->destination.front() : group->source.front();
    if (group->destination.empty() && is_beginning(either) && brought_.insert(either.key).second)
      beginnings_.push_back(either);
    if (either.kind != TIDEMARK_STORED_ARCHIVE) continue;
    older_there.add(either.first, either.last, is_only_there);
    bring_beginnings(either.last, older_there);
  }
  bring_beginnings(UINT64_MAX, older_there);
  return {};
}

// Those that end at an LSN or before: all that the destination has there was listed.
void Copy::bring_beginnings(uint64_t up_to_last, const OlderThere& older_there) {
  std::vector<Stored> later;
  for (const Stored& stored : std::exchange(beginnings_, {})) {
    const uint64_t hidden = older_there.hidden_by(stored.last);
    if (stored.last > up_to_last) {
      later.push_back(stored);
    } else if (hidden != 0) {
      pool_.submit_done([this, stored, hidden] { findings_.held_back(stored, hidden); });
    } else {
      submit_first(stored);
    }
  }
  beginnings_ = std::move(later);
}

// What was pruned while this ran leaves a record that came after it was listed.
Result<void> Copy::bring_what_pruned() {
  for (const PartitionName& name : std::exchange(pruned_meanwhile_, {})) {
    partition_ = name;
    brought_.clear();
    first_ = {};
    TM_TRY(find_beginning());
  }
  drain(0);
  return {};
}

void Copy::submit(const Stored& stored, const std::vector<std::string>& there) {
  if (there.empty() && options_.dry_run) return pool_.submit_done([this, stored] { tell_dry(stored); });
  pool_.submit([this, stored, there, first = first_]() -> OrderedPool::Epilogue {
    if (first.valid()) first.wait();
    const CopyOutcome outcome = transfer(stored, there);
    return [this, stored, outcome] { tell(stored, outcome); };
  });
}

// The pool begins what it gets in order, so nobody waits for what was not begun.
void Copy::submit_first(const Stored& stored) {
  if (options_.dry_run) return pool_.submit_done([this, stored] { tell_copied(stored, false); });
  auto done = std::make_shared<std::promise<void>>();
  pool_.submit([this, stored, done, before = first_]() -> OrderedPool::Epilogue {
    if (before.valid()) before.wait();
    const CopyOutcome outcome = transfer(stored, {});
    done->set_value();
    return [this, stored, outcome] { tell(stored, outcome); };
  });
  first_ = done->get_future().share();
}

CopyOutcome Copy::transfer(const Stored& stored, const std::vector<std::string>& there) {
  if (there.empty()) return transfer_one(stored, "");
  std::optional<CopyOutcome> copied, present;
  for (const std::string& key : there) {
    const CopyOutcome one = transfer_one(stored, key);
    if (!one.done) return one;
    if (!one.was_there) {
      copied = one;
    } else if (!present || one.compared < present->compared) {
      present = one;
    }
  }
  return copied ? *copied : *present;
}

uint64_t Copy::wanted_memory(const Stored& stored) const {
  if (stored.kind != TIDEMARK_STORED_ARCHIVE) return 0;
  if (!options_.encoding) return stored.size_bytes <= kWholeBytes ? stored.size_bytes : kPiecesBytes;
  const uint64_t ratio = stored.coding.starts_with(".zst") ? kUsualRatio : 1;
  const uint64_t bytes = stored.size_bytes > kPiecesBytes ? kPiecesBytes : stored.size_bytes * ratio * 5 / 2;
  return std::clamp(bytes, kEncodeBytes, kPiecesBytes);
}

// Or compares it with what is there under that key, if there is one.
CopyOutcome Copy::transfer_one(const Stored& stored, const std::string& there) {
  const bool is_there = !there.empty();
  CopyWish wish{stored.key, stored.size_bytes, 0, is_there, options_.reread};
  const MemoryShares::Share share(memory_, is_there ? 0 : wanted_memory(stored));
  wish.buffer_bytes = share.bytes();
  if (!options_.encoding && stored.size_bytes > kWholeBytes)
    wish.buffer_bytes = std::min(share.bytes(), stored.size_bytes - 1);
  if (there != stored.key) wish.to_key = there;
  wish.encode = options_.encoding.has_value() && !is_there;
  wish.keep_compression = wish.encode && options_.encoding->compress.empty();
  ReadMeter meter(read_bytes_);
  uint64_t before = 0;
  const auto progress = [&](uint64_t read_bytes) {
    ReadMeter::report(&meter, read_bytes);
    pace_.spend(read_bytes >= before ? read_bytes - before : read_bytes, stop_);
    before = read_bytes;
  };
  CopyOutcome outcome = source_->copy_to(*destination_, wish, progress, stop_);
  outcome.was_only_read = is_there;
  if (outcome.done || outcome.done.error().status != TIDEMARK_E_NOT_FOUND) return outcome;
  if (!outcome.failed_at_destination) {
    outcome.done = look_again(stored, std::move(outcome.done));
  } else if (is_there && !options_.dry_run && !names_.is_refused(stored)) {
    return transfer_one(stored, "");  // listed and not there, or removed meanwhile: then it is to be copied
  }
  return outcome;
}

Result<void> Copy::look_again(const Stored& stored, Result<void> failed) {
  if (is_epoch(stored)) return Error{kExitData, kListedOnly, TIDEMARK_E_CORRUPT};
  TM_ASSIGN(const bool was_removed, second_look_->was_removed(stored, stop_));
  if (was_removed) return failed;
  return Error{kExitData, kListedOnly, TIDEMARK_E_CORRUPT};
}

// Tells what is done, until at most `most` objects are under way.
void Copy::drain(size_t most) {
  while (pool_.pending() > most && !stop_.is_set()) {
    if (auto epilogue = pool_.take(milliseconds(100))) (*epilogue)();
    progress_.update(summary_.copied.archives, read_bytes_.load(), 0);
    if (failed_ || output_.failed()) stop_.asked = true;
  }
}

int Copy::end(const Result<void>& copied) {
  if (!interrupted() && !copied && !failed_) failed_ = copied.error();
  if (interrupted() || failed_) {
    if (!interrupted()) summarise();
    (void)output_.finish();
    return fail_with(failed_ ? *failed_ : Error{});
  }
  if (!output_.failed()) summarise();
  return finish(output_, findings_.problems() > 0 ? kExitData : kExitOk);
}

int Copy::run() {
  if (const std::string same = same_place_text(options_.archive, options_.to); !same.empty())
    return fail_with(usage_error(same));
  auto source = Archive::open(options_.archive);
  if (!source) return fail_with(source.error());
  source_ = std::move(*source);
  second_look_.emplace(*source_);
  holes_.emplace(
      *source_,
      [this](const LackingPartition& one) {
        pool_.submit_done([this, one] {
          findings_.source_lacks(one.storage, one.partition, one.first, one.pieces, one.lsns);
        });
      },
      [this](const Stored& stored, const std::string& why) {
        pool_.submit_done([this, stored, why] { findings_.lineage(stored, why); });
      });
  PulledListing listing(*source_, options_.scope);
  const auto has_something = find_something(listing);
  if (!has_something) return end(has_something.error());
  if (!*has_something) {
    drain(0);
    return finish(output_, tell_nothing(*source_, options_, "", stop_));
  }
  if (auto opened = open_destination(); !opened) return fail_with(opened.error());
  return end(copy_all(listing));
}

int run_copy(const CopyOptions& options) { return Copy(options).run(); }

}  // namespace tidemark::cli
