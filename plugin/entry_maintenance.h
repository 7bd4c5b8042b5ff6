// The extension tidemark.maintenance/1: its table, which lives as long as the library.
#ifndef TIDEMARK_ENTRY_MAINTENANCE_H
#define TIDEMARK_ENTRY_MAINTENANCE_H

#include <tidemark/maintenance.h>

namespace tidemark {

const tidemark_maintenance_api* maintenance_table();

}  // namespace tidemark

#endif  // TIDEMARK_ENTRY_MAINTENANCE_H
