// Whether archives that overlap hold the same entries, by the digests of each. Any thread; memory does not
// grow with the number of entries.
#ifndef TIDEMARK_CLI_COMPARER_H
#define TIDEMARK_CLI_COMPARER_H

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive.h"
#include "coverage.h"

namespace tidemark::cli {

// What came out of comparing an archive with those before it.
struct Comparison {
  struct Difference {
    Overlap overlap;
    uint64_t lsn = 0;  // the first
  };
  // Two that could not be compared, because one of them could not be read. SEALED: it is encrypted, and no
  // identity at hand opens it.
  struct Unread {
    Overlap overlap;
    std::string key;  // of the one
    Error error;
  };
  std::vector<Difference> differences;
  std::vector<Unread> unread;
};
// Each entry of an archive with the newest before it that has it and can be read: what others say of it was
// compared with that one. `overlaps` are of one archive, the newest first.
Comparison compare_overlaps(Archive& archive, const std::vector<Overlap>& overlaps, Stop& stop);

struct Disagreement {
  uint64_t lsn = 0;        // the first
  std::string one, other;  // keys
};
// Archives in the order of keys, from the first that reaches `from` on, until the visitor returns false.
using ListArchives =
    std::function<Result<void>(uint64_t from, const std::function<bool(const Stored&)>& visit)>;
// Of the entries in `range`, those of which archives that `list` gives say different things: the first of
// each two archives, at most so many. Each archive is compared with every other that can be read; of one that
// is damaged nothing is said. Fails if the sink does.
inline constexpr size_t kDisagreementsMax = 100;
Result<std::vector<Disagreement>> find_disagreements(Archive& archive, const ListArchives& list, Range range,
                                                     Stop& stop);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COMPARER_H
