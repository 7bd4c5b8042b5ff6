// What to think of an object that was listed, and that the sink did not have when it was read: it was removed
// meanwhile, or it is lost and the listing shows what nobody can read.
//
// Any thread.
#ifndef TIDEMARK_CLI_SECOND_LOOK_H
#define TIDEMARK_CLI_SECOND_LOOK_H

#include <cstdint>
#include <map>
#include <string>

#include "archive.h"
#include "base/mutex.h"

namespace tidemark::cli {

class SecondLook {
 public:
  explicit SecondLook(Archive& archive) : archive_(archive) {}

  // True: a second listing no longer has it, or a valid record says that it was pruned.
  Result<bool> was_removed(const Stored& stored, Stop& stop) TM_EXCLUDES(mutex_);
  // As far as valid records say that its partition was pruned; 0: none says so.
  Result<uint64_t> pruned_through(const Stored& stored, Stop& stop) TM_EXCLUDES(mutex_);

 private:
  Result<bool> is_listed(const Stored& stored, Stop& stop);

  Archive& archive_;
  Mutex mutex_;
  // By partition, looked for once if there was one: a store that has lost a thousand archives is not listed a
  // thousand times.
  std::map<std::string, uint64_t> pruned_through_ TM_GUARDED_BY(mutex_);
};

// What is said of one that was not removed.
inline constexpr const char* kListedOnly = "the sink lists it, and then says that it is not there";

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_SECOND_LOOK_H
