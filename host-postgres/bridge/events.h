// Events of the archiver as a database administrator reads them: with the names of files, and what to do.
//
// Pure; any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_EVENTS_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_EVENTS_H

#include <tidemark/archiver.h>

#include <string>

#include "bridge/messages.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

// "000000020000000000000005", "... to ..." or, of what no file of this cluster is, "<storage>/<partition>".
std::string files_text(const tidemark_partition& partition, uint64_t first, uint64_t last,
                       const Cluster& cluster);
Message event_message(const tidemark_event& event, const Cluster& cluster);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_EVENTS_H
