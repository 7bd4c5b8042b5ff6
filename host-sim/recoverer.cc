#include "recoverer.h"

#include <algorithm>

#include "digest.h"
#include "entry_writer.h"
#include "format/lsn.h"
#include "fs.h"
#include "partition_dir.h"

namespace tidemark::host {

namespace {

// "main/3"
std::string name_of(const ArchivedPartition& partition) {
  return partition.storage + "/" + std::to_string(partition.id);
}

std::string text_of(const LsnRange& range) {
  const std::string count = std::to_string(range.last - range.first + 1);
  if (range.first == range.last) return "LSN " + std::to_string(range.first);
  return "LSNs " + std::to_string(range.first) + " to " + std::to_string(range.last) + " (" + count +
         " entries)";
}

// Takes the hole apart into what records explain and what they do not.
void add_hole(LsnRange hole, std::vector<LsnRange> known, RecoveryPlan& plan) {
  std::sort(known.begin(), known.end(),
            [](const LsnRange& a, const LsnRange& b) { return a.first < b.first; });
  for (const LsnRange& range : known) {
    if (range.last < hole.first || range.first > hole.last) continue;
    if (range.first > hole.first) plan.unexplained.push_back({hole.first, range.first - 1});
    plan.lost.push_back({std::max(range.first, hole.first), std::min(range.last, hole.last)});
    if (range.last >= hole.last) return;
    hole.first = range.last + 1;
  }
  plan.unexplained.push_back(hole);
}

}  // namespace

RecoveryPlan plan_recovery(const ArchivedPartition& partition) {
  std::vector<const StoredArchive*> sorted;
  for (const StoredArchive& archive : partition.archives) sorted.push_back(&archive);
  // Of those that begin together the longest comes first and leaves nothing to the others.
  std::sort(sorted.begin(), sorted.end(), [](const StoredArchive* a, const StoredArchive* b) {
    return a->first != b->first ? a->first < b->first : a->last > b->last;
  });
  RecoveryPlan plan;
  uint64_t next = sorted.front()->first;
  plan.first_after_lost = next;
  if (next > partition.pruned_through + 1) {
    RecoveryPlan before;
    add_hole({partition.pruned_through + 1, next - 1}, partition.known_holes, before);
    plan.lost = std::move(before.lost);
    const bool begin_is_known = partition.origin_last > 0 && partition.pruned_through == 0;
    for (LsnRange hole : before.unexplained) {
      // An engine may have begun to archive at any entry; only if it is known at which one there is a hole.
      if (!begin_is_known) plan.begins_late = true;
      hole.first = std::max(hole.first, partition.origin_last + 1);
      if (begin_is_known && hole.first <= hole.last) plan.unexplained.push_back(hole);
    }
  }
  for (const StoredArchive* archive : sorted) {
    if (archive->last < next) continue;
    if (archive->first > next) {
      add_hole({next, archive->first - 1}, partition.known_holes, plan);
      plan.first_after_lost = archive->first;
    }
    const LsnRange entries{std::max(next, archive->first), archive->last};
    plan.pieces.push_back({archive, entries});
    plan.entries += entries.last - entries.first + 1;
    next = archive->last + 1;
  }
  uint64_t known_last = 0;
  for (const LsnRange& range : partition.known_holes) known_last = std::max(known_last, range.last);
  if (known_last >= next) add_hole({next, known_last}, partition.known_holes, plan);
  return plan;
}

Recoverer::Recoverer(const Readback& source, std::vector<ArchivedPartition> partitions, std::string directory,
                     std::function<void()> finished)
    : source_(source),
      partitions_(std::move(partitions)),
      directory_(std::move(directory)),
      finished_(std::move(finished)) {
  for (const ArchivedPartition& partition : partitions_) total_ += plan_recovery(partition).entries;
}

void Recoverer::start(uint32_t threads) {
  running_ = threads;
  for (uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Recoverer::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<std::string> Recoverer::take_notes() {
  MutexLock lock(mutex_);
  return std::exchange(notes_, {});
}

std::vector<std::string> Recoverer::errors() {
  MutexLock lock(mutex_);
  return errors_;
}

std::vector<Recoverer::Recovered> Recoverer::take() {
  MutexLock lock(mutex_);
  return std::exchange(done_, {});
}

void Recoverer::run() {
  while (!stopping_) {
    const size_t index = next_partition_++;
    if (index >= partitions_.size()) break;
    auto recovered = recover(partitions_[index]);
    if (recovered) continue;
    MutexLock lock(mutex_);
    errors_.push_back(name_of(partitions_[index]) + ": " + recovered.error().message);
  }
  if (--running_ == 0) finished_();
}

Result<void> Recoverer::recover(const ArchivedPartition& partition) {
  const RecoveryPlan plan = plan_recovery(partition);
  if (!plan.unexplained.empty()) {
    std::string missing;
    for (const LsnRange& hole : plan.unexplained) missing += (missing.empty() ? "" : ", ") + text_of(hole);
    return fail(missing +
                " missing from the archive, and no record says why; bring the archive back, or "
                "accept the loss in it");
  }
  const std::string root = directory_ + "/" + name_of(partition);
  const std::string wal = root + "/wal";
  TM_TRY(make_dirs(wal, Durability::kFsync));
  Recovered result{partition.storage, partition.id, {}, {}};
  for (const RecoveryPlan::Piece& piece : plan.pieces) {
    if (stopping_) return {};
    TM_TRY(bring_back(partition, piece, wal, result.records));
  }
  // Where the plugin built entries before they became visible.
  TM_TRY(remove_tree(wal + "/.tidemark"));
  const uint64_t last = plan.pieces.back().entries.last;
  result.position = {plan.first_after_lost, last + 1, last};
  MutexLock lock(mutex_);
  if (plan.begins_late) {
    notes_.push_back(name_of(partition) + ": the partition begins at LSN " +
                     std::to_string(plan.pieces.front().entries.first) + ", and no record says why");
  }
  for (const LsnRange& hole : plan.lost) {
    const bool is_end = hole.first > last;
    notes_.push_back(name_of(partition) + ": " + text_of(hole) + " had been lost before they were archived" +
                     (is_end ? "; the engine continues at LSN " + std::to_string(last + 1) : ""));
  }
  done_.push_back(std::move(result));
  return {};
}

Result<void> Recoverer::bring_back(const ArchivedPartition& partition, const RecoveryPlan::Piece& piece,
                                   const std::string& wal, std::vector<JournalRecord>& records) {
  std::string why;
  const auto status = source_.unpack(partition.storage, partition.id, *piece.archive, piece.entries.first,
                                     piece.entries.last, wal, Readback::Directory::kShared, why);
  if (status != TIDEMARK_OK) return fail("cannot bring back " + piece.archive->key + ": " + why);
  for (uint64_t lsn = piece.entries.first; lsn <= piece.entries.last; ++lsn) {
    const std::string path = wal + "/" + lsn_text(lsn);
    TM_ASSIGN(auto digest, digest_tree(path));
    auto manifest = read_file(path + "/" + kManifestName);
    if (!manifest)
      return fail(piece.archive->key + " holds no entry of this engine: " + manifest.error().message);
    auto origin = manifest_origin(*manifest);
    if (!origin) return fail("in " + path + "/" + kManifestName + ": " + origin.error().message);
    records.push_back({partition.storage, partition.id, lsn, digest, std::move(*origin)});
    ++recovered_;
  }
  ++archives_;
  return {};
}

}  // namespace tidemark::host
