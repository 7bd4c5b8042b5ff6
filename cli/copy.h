// One run of `tidemark copy`: both archives are listed side by side, and what the destination lacks is copied
// by a pool of threads.
//
// At every moment the destination is what the source was at an earlier time, but for what is on its way:
// archives and records come in the order of their keys, at most kWindowObjects of them at a time, so that an
// archiver that starts there finds each hole (it looks back over more archives than that). The records that
// say where a partition begins, pruned and origin, come before all else of it: without them its beginning
// would be a hole. They are held back where they would hide archives that the source no longer has
// (older_there.h). Main thread.
#ifndef TIDEMARK_CLI_COPY_H
#define TIDEMARK_CLI_COPY_H

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "archive.h"
#include "console.h"
#include "copy_names.h"
#include "copy_summary.h"
#include "each_partition.h"
#include "findings.h"
#include "hidden_there.h"
#include "merged_listing.h"
#include "older_there.h"
#include "options.h"
#include "ordered_pool.h"
#include "output.h"
#include "pace.h"
#include "second_look.h"
#include "source_holes.h"

namespace tidemark::cli {

class Copy {
 public:
  explicit Copy(const CopyOptions& options);
  int run();

 private:
  Result<void> open_destination();
  Result<bool> find_something(PulledListing& source);
  Result<void> copy_all(PulledListing& source);
  void visit(const ListedGroup& group);
  void visit_epoch(const ListedGroup& group);
  // Gives the keys at the destination that it is compared with.
  std::set<std::string> visit_source(const Stored& stored, const ListedGroup& group);
  void skip(const Stored& stored);
  void look_for_holes(const Stored& stored);
  Result<void> begin_storage(const std::string& storage);
  void begin_partition(const Stored& stored);
  void end_partition();
  void look_for_pruned(const ListedGroup& group);
  Result<void> find_beginning();
  void bring_beginnings(uint64_t up_to_last, const OlderThere& older_there);
  Result<void> bring_what_pruned();

  // `there`: keys of what the destination has already of it.
  void submit(const Stored& stored, const std::vector<std::string>& there);
  void submit_first(const Stored& stored);
  CopyOutcome transfer(const Stored& stored, const std::vector<std::string>& there);
  CopyOutcome transfer_one(const Stored& stored, const std::string& there);
  uint64_t wanted_memory(const Stored& stored) const;
  Result<void> look_again(const Stored& stored, Result<void> failed);
  void tell(const Stored& stored, const CopyOutcome& outcome);
  void tell_failure(const Stored& stored, const CopyOutcome& outcome);
  void tell_dry(const Stored& stored);
  void tell_copied(const Stored& stored, bool was_encoded);
  void count_present(const Stored& stored);
  void drain(size_t most);
  int end(const Result<void>& copied);
  void summarise();

  const CopyOptions& options_;
  const CopyNames names_;
  const size_t window_;
  Output output_;
  Findings findings_{output_};
  std::unique_ptr<Archive> source_, destination_;
  std::unique_ptr<PulledListing> there_;
  std::optional<SecondLook> second_look_;
  std::optional<SourceHoles> holes_;
  Stop stop_;
  std::optional<Error> failed_;  // what ends the run
  Pace pace_;
  MemoryShares memory_;
  std::atomic<uint64_t> read_bytes_{0};

  std::optional<PartitionName> refused_;  // where the destination refused the last one
  std::string storage_;                   // that is being copied
  bool is_left_out_ = false;              // the destination has other epochs
  std::set<std::string> brought_epochs_;
  std::optional<PartitionName> partition_;  // that is listed now
  bool has_begun_ = false;                  // an object of it was met in the source
  OlderThere older_there_;
  std::vector<Stored> beginnings_;  // records to be brought before what lies after them
  std::set<std::string> brought_;   // keys, by find_beginning()
  std::shared_future<void> first_;  // until these are there

  // What is told in order:
  CopySummary summary_;
  HiddenThere hidden_;          // of the partition that is told
  std::string would_be_there_;  // of a dry run: the key that it said last
  unsigned failed_in_a_row_ = 0;
  std::vector<PartitionName> pruned_meanwhile_;
  Progress progress_;
  OrderedPool pool_;  // last: its threads use the rest
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COPY_H
