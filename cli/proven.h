// A listing whose records are read before they are believed: several at a time, given out in the order of the
// listing. One thread for each listing; those that read may be shared by several.
#ifndef TIDEMARK_CLI_PROVEN_H
#define TIDEMARK_CLI_PROVEN_H

#include <functional>
#include <optional>
#include <string>

#include "archive.h"
#include "workers.h"

namespace tidemark::cli {

struct Proof {
  std::optional<Record> record;  // what it says; nothing: not a record, damaged, or removed meanwhile
  std::string damage;            // why it is to be believed in nothing; empty for all but damaged records
};

// Calls its visitor for each object until that returns false.
using ListObjects = std::function<Result<void>(const std::function<bool(const Stored&)>& visit)>;

// Calls `visit` for each object that `list` gives, until it returns false. Archives are not read. A record
// that cannot be read for another reason than damage is an error.
Result<void> prove_listed(Archive& archive, const ListObjects& list, Workers& readers,
                          const std::function<bool(const Stored&, const Proof&)>& visit, Stop& stop);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_PROVEN_H
