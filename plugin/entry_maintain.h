// The extension tidemark.maintain/1: its table, which lives as long as the library.
#ifndef TIDEMARK_ENTRY_MAINTAIN_H
#define TIDEMARK_ENTRY_MAINTAIN_H

#include <tidemark/maintain.h>

namespace tidemark {

const tidemark_maintain_api* maintain_table();

}  // namespace tidemark

#endif  // TIDEMARK_ENTRY_MAINTAIN_H
