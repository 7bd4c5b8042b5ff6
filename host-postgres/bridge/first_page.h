// The first page of a segment: whether the file is what its name says, and of this cluster. Names say nothing
// of the cluster, so this is what keeps another one's files out of an archive.
//
// Any thread.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_FIRST_PAGE_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_FIRST_PAGE_H

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "bridge/layout.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

// Of the header that PostgreSQL calls long, in the byte order of this machine.
inline constexpr size_t kFirstPageBytes = TMPG_PAGE_BYTES;

// `magic` is that of the server's release; 0: any. INVALID names the file and what is wrong with it.
Status check_first_page(std::span<const uint8_t, kFirstPageBytes> page, const WalFile& file,
                        const Cluster& cluster, uint16_t magic);

// Opens and looks: a segment's size and first page, of the small files that they are files and small.
// NOT_FOUND: it is not there.
Status check_wal_file(const std::string& path, const WalFile& file, const Cluster& cluster, uint16_t magic);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_FIRST_PAGE_H
