// Listing within one host's call, for the other files of this folder. See store.h.
#ifndef TIDEMARK_STORE_LIST_H
#define TIDEMARK_STORE_LIST_H

#include "base/call.h"
#include "store/store.h"

namespace tidemark::store {

Status list_within(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn from,
                   const std::function<bool(const ArchiveInfo&)>& visit, const Call& deadline);

// Of what list gives, what counts in the chain. Where an epoch begins is told from the names from `from` on:
// right from there on, if what lies right before `from` was archived in this history and `from` includes its
// name.
Status list_chain(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn from,
                  const Chain& chain, const std::function<bool(const ArchiveInfo&)>& visit,
                  const Call& deadline);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_LIST_H
