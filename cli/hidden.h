// Archives that a history does not count although it lacks their entries: of an epoch that it continues, and
// ruled by a newer one. A listing that left names out makes an archiver record as lost what is there; and a
// host that was set back lacks what only the other history ever had. Which of the two it is only a person can
// tell, so it is named.
//
// One thread. Borrows the histories.
#ifndef TIDEMARK_CLI_HIDDEN_H
#define TIDEMARK_CLI_HIDDEN_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "history.h"

namespace tidemark::cli {

// What one history counts of a partition's archives, and what it hides of them. Pure.
class HiddenParts {
 public:
  // Of each archive of an epoch that the history continues, in the order of keys; nothing: none of it counts.
  void add(const Stored& archive, const std::optional<Range>& counts);
  // The newest that has something of `missing` which no archive has that counts.
  std::optional<Stored> newest(Range missing) const;

 private:
  static constexpr size_t kHiddenMax = 4096;
  struct Part {
    Stored archive;
    Range range;
  };
  void add_counted(Range range);
  void add_hidden(const Stored& archive, Range range);
  bool is_counted(Range range) const;

  std::vector<Range> counted_;  // ascending, apart
  std::vector<Part> hidden_;    // at most so many that nothing else has
};

class HiddenArchives {
 public:
  // Each look lists a partition, which is remembered until another one is asked for; no more than that in a
  // run.
  static constexpr int kLooksMax = 64;

  explicit HiddenArchives(Histories& histories) : histories_(histories) {}

  // The newest that has something of `missing`, which is not there in the history of `epoch`, 0 being the
  // chosen one. Nothing: there is none, or all looks were used.
  Result<std::optional<Stored>> find(const std::string& storage, uint64_t partition, Range missing,
                                     uint64_t epoch, Stop& stop);

 private:
  Result<HiddenParts> look(const Chain& chain, Stop& stop);

  Histories& histories_;
  int looks_ = 0;
  Scope looked_at_;
  std::map<uint64_t, HiddenParts> parts_;  // of it, by epoch
};

// ": but KEY has ...", with what to do.
std::string hidden_text(const Stored& hidden);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_HIDDEN_H
