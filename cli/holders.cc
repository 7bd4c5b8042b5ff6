#include "holders.h"

#include "text.h"

namespace tidemark::cli {

Result<std::vector<Stored>> find_holders(Archive& archive, const Scope& partition, uint64_t lsn, Stop& stop,
                                         std::optional<Stored>* origin) {
  std::vector<Stored> holders;
  std::optional<Stored> other_epoch;
  uint64_t after = 0;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ORIGIN && stored.last >= lsn && origin != nullptr) *origin = stored;
    if (stored.epoch > 1) other_epoch = stored;
    if (other_epoch) return false;
    if (stored.kind != TIDEMARK_STORED_ARCHIVE) return true;
    if (stored.first <= lsn && stored.last >= lsn) holders.push_back(stored);
    return stored.first <= lsn || ++after < kOverlapNames;
  };
  TM_TRY(archive.scan(partition, lsn, visit, stop));
  if (other_epoch) {
    return Error{kExitData,
                 printable(other_epoch->key) + ": needs a Tidemark that knows " + other_epoch->needs,
                 TIDEMARK_E_UNSUPPORTED};
  }
  return holders;
}

}  // namespace tidemark::cli
