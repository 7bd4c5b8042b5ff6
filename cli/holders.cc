#include "holders.h"

namespace tidemark::cli {

Result<std::vector<Stored>> find_holders(Histories& histories, const Scope& partition, uint64_t lsn,
                                         Stop& stop, std::optional<Stored>* origin) {
  std::vector<Stored> holders;
  uint64_t after = 0;
  const auto visit = [&](const Stored& stored) {
    if (stored.kind == TIDEMARK_STORED_ORIGIN && stored.last >= lsn && origin != nullptr) *origin = stored;
    if (stored.kind != TIDEMARK_STORED_ARCHIVE) return true;
    if (stored.first <= lsn && stored.last >= lsn) holders.push_back(stored);
    return stored.first <= lsn || ++after < kOverlapNames;
  };
  TM_TRY(histories.scan(partition, lsn, visit, stop));
  return holders;
}

}  // namespace tidemark::cli
