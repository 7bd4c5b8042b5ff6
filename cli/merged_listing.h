// Two archives listed side by side: each object with its name-sakes in the other, in the order of keys.
//
// Each listing is made by a thread of its own, which runs ahead by some thousand names and no more, so memory
// does not grow with the number of objects. All functions: the main thread.
#ifndef TIDEMARK_CLI_MERGED_LISTING_H
#define TIDEMARK_CLI_MERGED_LISTING_H

#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "archive.h"
#include "base/mutex.h"

namespace tidemark::cli {

// One listing, pulled.
class PulledListing {
 public:
  PulledListing(Archive& archive, const Scope& scope);
  ~PulledListing();  // ends the listing
  PulledListing(const PulledListing&) = delete;
  PulledListing& operator=(const PulledListing&) = delete;

  // The next, which stays until take(); waits for it. Nothing: there are no more. An error of the sink.
  Result<const Stored*> peek() TM_EXCLUDES(mutex_);  // nullptr for nothing
  Stored take();

 private:
  static constexpr size_t kAheadMax = 4000;

  bool push(const Stored& stored) TM_EXCLUDES(mutex_);
  Result<void> fill() TM_EXCLUDES(mutex_);

  Stop stop_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Stored> ahead_ TM_GUARDED_BY(mutex_);
  std::optional<Result<void>> ended_ TM_GUARDED_BY(mutex_);
  std::deque<Stored> mine_;  // taken over from ahead_, many at a time
  std::thread thread_;
};

// What has one name but for how an archive is coded, in the order of keys; of one side at least.
struct ListedGroup {
  std::vector<Stored> source, destination;
};

// The next archives, records and epochs. What else the source lists on the way there is given to `other`.
// nullptr: of the destination nothing is there. Gives nothing at the end of both.
Result<std::optional<ListedGroup>> next_group(PulledListing& source, PulledListing* destination,
                                              const std::function<void(const Stored&)>& other);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_MERGED_LISTING_H
