// The extension tidemark.readback/1: its table, which lives as long as the library.
#ifndef TIDEMARK_ENTRY_READBACK_H
#define TIDEMARK_ENTRY_READBACK_H

#include <tidemark/archiver.h>

namespace tidemark {

const tidemark_readback_api* readback_table();

}  // namespace tidemark

#endif  // TIDEMARK_ENTRY_READBACK_H
