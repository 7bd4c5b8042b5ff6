// What the tables that look after an archive share: objects as the ABI shows them, visited.
#ifndef TIDEMARK_ENTRY_STORED_H
#define TIDEMARK_ENTRY_STORED_H

#include <tidemark/maintenance.h>

#include <functional>

#include "store/maintenance.h"

namespace tidemark {

int32_t abi_kind(ObjectKind kind);

using VisitStored = int32_t (*)(void* ctx, const tidemark_stored*);
// Empty if there is nothing to call.
std::function<bool(const store::StoredInfo&)> stored_visitor(VisitStored visit, void* ctx);
using ReportProgress = void (*)(void* ctx, uint64_t read_bytes);
store::Progress progress_reporter(ReportProgress report, void* ctx);

}  // namespace tidemark

#endif  // TIDEMARK_ENTRY_STORED_H
