// Archives that a history does not count although it lacks their entries: of an epoch that it continues, and
// ruled by a newer one. A listing that left names out makes an archiver record as lost what is there; and a
// host that was set back lacks what only the other history ever had. Which of the two it is only a person can
// tell, so it is named.
//
// One thread. Borrows the histories.
#ifndef TIDEMARK_CLI_HIDDEN_H
#define TIDEMARK_CLI_HIDDEN_H

#include <cstdint>
#include <optional>
#include <string>

#include "history.h"

namespace tidemark::cli {

class HiddenArchives {
 public:
  // Each look lists a part of the partition; no more of them than that in a run.
  static constexpr int kLooksMax = 64;

  explicit HiddenArchives(Histories& histories) : histories_(histories) {}

  // The newest that has something of `missing`, which is not there in the history of `epoch`, 0 being the
  // chosen one. Nothing: there is none, or all looks were used.
  Result<std::optional<Stored>> find(const std::string& storage, uint64_t partition, Range missing,
                                     uint64_t epoch, Stop& stop);

 private:
  Histories& histories_;
  int looks_ = 0;
};

// ": but KEY has ...", with what to do.
std::string hidden_text(const Stored& hidden);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_HIDDEN_H
