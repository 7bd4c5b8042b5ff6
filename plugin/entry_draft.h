// The extension tidemark.draft.maintenance/1: its table, which lives as long as the library.
#ifndef TIDEMARK_ENTRY_DRAFT_H
#define TIDEMARK_ENTRY_DRAFT_H

#include <tidemark/draft/maintenance.h>

namespace tidemark {

const tidemark_draft_maintenance_api* draft_maintenance_table();

}  // namespace tidemark

#endif  // TIDEMARK_ENTRY_DRAFT_H
