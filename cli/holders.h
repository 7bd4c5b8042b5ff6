// Which archives hold an entry. Any thread.
#ifndef TIDEMARK_CLI_HOLDERS_H
#define TIDEMARK_CLI_HOLDERS_H

#include <optional>
#include <vector>

#include "history.h"

namespace tidemark::cli {

// So many archives after an LSN may one lie that reaches back to it.
inline constexpr uint64_t kOverlapNames = 1000;

// Those of the chosen history, by the last LSN that counts; empty if there is none. Archives that overlap are
// looked for among the kOverlapNames that follow the LSN, as every reader does. *origin, if not NULL: the
// record that says that the entry was never there.
Result<std::vector<Stored>> find_holders(Histories& histories, const Scope& partition, uint64_t lsn,
                                         Stop& stop, std::optional<Stored>* origin = nullptr);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_HOLDERS_H
