// A listing of many partitions in parts, of which several are listed at a time: as fast as a store answers
// that many, told in the order of keys, with memory that does not grow with what is stored.
//
// It begins as one listing of all, which is best for a small archive: one request brings many partitions.
// When a storage turns out to be large, its partitions are asked for as folders and listed side by side, as
// many together as take a tenth of a second, so that small ones do not cost a request each. What lies beside
// the partitions comes in its place, whoever lists it.
//
// list_in_parts() runs on one thread, the owner, and has threads of its own meanwhile.
#ifndef TIDEMARK_CLI_PARTED_LISTING_H
#define TIDEMARK_CLI_PARTED_LISTING_H

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "archive.h"
#include "history.h"
#include "proven.h"

namespace tidemark::cli {

// What becomes of one part of a listing. A partition is never split over two of them. Fed by one thread, then
// told by the owner, in the order of keys.
class ListedPart {
 public:
  ListedPart() = default;
  virtual ~ListedPart() = default;
  ListedPart(const ListedPart&) = delete;
  ListedPart& operator=(const ListedPart&) = delete;

  // In the order of keys. The proof is empty where records are not read.
  virtual void add(const Stored& stored, const Proof& proof) = 0;
  virtual void finish() = 0;  // no more comes
  // It holds as much as it may. Then it is dropped, and the same is listed again when it is its turn, and
  // told as it comes.
  virtual bool is_full() const { return false; }
  // What is known for sure is told, and forgotten. False: nobody wants to hear more.
  virtual bool tell() = 0;
};
using MakePart = std::function<std::unique_ptr<ListedPart>()>;

// How the archive is asked. Any thread; each function takes several calls at a time.
struct ListingCalls {
  std::function<Result<void>(const std::string& storage, const std::string& start_after,
                             const std::function<bool(const Stored&)>& visit)>
      level;
  std::function<Result<void>(const std::vector<std::string>& folders, const std::string& start_after,
                             const std::function<bool(const Stored&)>& visit)>
      folders;
  // Gives `visit` what `list` lists, with proofs of what it says.
  std::function<Result<void>(const ListObjects& list,
                             const std::function<bool(const Stored&, const Proof&)>& visit)>
      prove;
  std::function<void()> stop;  // ends them all
};

struct ListingPace {
  // After so many objects of one storage, or so long, its partitions are listed side by side; but not as long
  // as one takes less than this, for asking for it alone would take longer.
  uint64_t plain_objects = 4000;
  std::chrono::milliseconds plain_time{250};
  std::chrono::microseconds least_time_of_one{50};
  // What a part is to take, and after how long it gives back what it has not begun.
  std::chrono::milliseconds part_time{100}, long_time{1000};
  size_t folders_of_part = 1000, pending_folders = 16'384, level_entries = 16'384;
};

// What a failure leaves untold comes after all that was told.
Result<void> list_in_parts(const ListingCalls& calls, const Scope& scope, unsigned jobs, const MakePart& make,
                           const ListingPace& pace = {});
// Of an archive, and how.
struct ListedArchive {
  Archive& archive;
  Histories* histories;                 // what counts in the chosen one is listed
  bool reads_records = false;           // by as many threads besides
  HistoryCut::VisitAll visit_all = {};  // see there; any thread, several at a time
};
Result<void> list_in_parts(const ListedArchive& what, const Scope& scope, unsigned jobs,
                           const MakePart& make);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_PARTED_LISTING_H
