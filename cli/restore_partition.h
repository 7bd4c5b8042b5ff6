// Restoring one partition: it is fed the listing, says what there is to do, and does it.
//
// One thread at a time. The threads that it reads on are the run's, and so is the limit of what is
// remembered: several partitions run side by side within one budget.
#ifndef TIDEMARK_CLI_RESTORE_PARTITION_H
#define TIDEMARK_CLI_RESTORE_PARTITION_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive_list.h"
#include "console.h"
#include "each_partition.h"
#include "irregular.h"
#include "ordered_pool.h"
#include "piece_reader.h"
#include "restore_counts.h"
#include "restore_dir.h"
#include "restore_survey.h"

namespace tidemark::cli {

// What all partitions of a run share. Any thread.
struct RestoreRun {
  Archive& archive;
  Histories& histories;  // of that archive
  Workers& readers;
  ListingRoom room{kMostRemembered};
  std::atomic<uint64_t> archives{0}, read_bytes{0}, all_bytes{0};  // for the progress
  Progress progress{};
  void tell_progress() { progress.update(archives.load(), read_bytes.load(), all_bytes.load()); }
};

// What helps who follows a history that the newest epoch does not continue.
inline constexpr const char* kOtherHistory =
    "--epoch N follows the history of that one, another DIR gets the newest";

class PartitionRestore {
 public:
  // The scope names one partition.
  PartitionRestore(const RestoreOptions& options, RestoreRun& run);
  ~PartitionRestore();
  PartitionRestore(const PartitionRestore&) = delete;
  PartitionRestore& operator=(const PartitionRestore&) = delete;

  // Looks at DIR, without changing it.
  Result<void> open_dir();
  // DIR as an earlier part of the same run left it, and locked.
  void use_dir(RestoreDir dir) { dir_ = std::move(dir); }
  bool has_lock() const { return dir_ && dir_->has_lock(); }
  RestoreDir take_dir() { return std::move(*dir_); }

  void add(const Stored& stored);  // the listing, without what is foreign
  Result<void> list();             // the same of this partition alone, from the first entry that is wanted
  // With --follow: what lies before --from was restored from the history of this epoch. list() then fails if
  // a newer one has other entries there.
  void continue_from(uint64_t epoch) { continued_epoch_ = epoch; }
  bool has_other_history() const { return has_other_history_; }  // it did
  // After the listing: says what stands in the way. Nothing: work() may begin.
  std::optional<PartitionOutcome> look();
  // After look() has refused: that nothing is left, because all of it was pruned on purpose, is well.
  // Nothing: it was something else.
  std::optional<PartitionOutcome> all_pruned() const;
  // After look(): what is missing between the entries that DIR had before and where the archive begins now,
  // because it was pruned before it was restored; empty: nothing.
  std::string overtaken() const;
  // With --follow: what nothing, or nothing more, is brought before; empty: there is no such thing.
  std::string waits_for() const;
  const RestoreSurvey& survey() const { return survey_; }
  const RestoreCounts& counts() const { return counts_; }
  PartitionOutcome tell_dry_run();
  PartitionOutcome work();
  // Every entry of the range up to here is in DIR by what was done; 0: none was.
  uint64_t reached() const { return reached_; }

 private:
  using Clock = std::chrono::steady_clock;
  // A part of an archive, wholly in DIR already or wholly missing there.
  struct Part {
    Piece piece;
    bool is_there = false;
  };
  // What came of unpacking it, or of comparing it.
  struct Done {
    RestoreDir::Arrived arrived;
    std::vector<ComparedEntry> compared;  // those that are not the same
    std::string damage;                   // why none of them could be compared; empty: they were
    std::vector<std::string> warnings;
    Result<void> result;
  };

  Result<void> measure();
  void find_overtaken();
  bool waits_at_overtaken() const;
  void tell_islands();
  void tell_beyond();
  Result<void> bring();
  void begin(const Part& part);
  Done unpack(const Piece& piece, uint64_t number);
  Done compare(const Piece& piece);
  void take(const Part& part, const Done& done);
  void drain(size_t most);
  void publish();
  bool is_time_to_publish() const;
  void tell_range(const char* type, Range range, const std::string& message = {});
  void tell_compared(const Piece& piece, const Done& done);
  Result<void> each_part(const std::function<bool(const Part&)>& visit);
  PartitionOutcome end(const Result<void>& brought);
  PartitionOutcome end_complete(const Result<void>& cleaned);

  const RestoreOptions options_;
  RestoreRun& run_;
  std::optional<RestoreDir> dir_;
  Output output_;
  Stop stop_;
  RestoreSurvey survey_;
  PieceReader reader_;
  std::optional<Error> failed_;
  uint64_t places_ = 0, reached_ = 0;
  std::vector<RestoreDir::Arrived> arrived_;  // whole, but without their names
  uint64_t arrived_bytes_ = 0;
  Clock::time_point published_ = Clock::now();
  Clock::duration publishing_took_{};
  RestoreCounts counts_;
  Irregular irregular_;
  std::optional<Range> overtaken_;
  uint64_t continued_epoch_ = 0;
  bool has_other_history_ = false;
  std::unique_ptr<OrderedPool> pool_;  // last: its threads use the rest
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_PARTITION_H
