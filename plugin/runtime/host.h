// The host's table, copied and completed: C++ view of the callbacks with errors as values.
//
// Any thread of the plugin. The host outlives the archiver.
#ifndef TIDEMARK_RUNTIME_HOST_H
#define TIDEMARK_RUNTIME_HOST_H

#include <tidemark/archiver.h>

#include "base/result.h"
#include "runtime/intake.h"

namespace tidemark::runtime {

// Checks the table and copies what both sides know of it; members it does not have become NULL.
// TIDEMARK_E_INVALID names the required callback that is missing.
Result<tidemark_host> copy_host(const tidemark_host* host);

inline tidemark_partition abi_partition(const PartitionId& id) {
  return {id.storage == nullptr ? tidemark_str{nullptr, 0} : abi_str(*id.storage), id.id};
}

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_HOST_H
