// What the exported tables share: the handle behind tidemark_archiver and checks of arguments.
#ifndef TIDEMARK_ENTRY_CHECKS_H
#define TIDEMARK_ENTRY_CHECKS_H

#include <tidemark/archiver.h>

#include <string>

#include "runtime/archiver.h"
#include "util/guard.h"
#include "util/result.h"

struct tidemark_archiver : tidemark::runtime::Archiver {
  using Archiver::Archiver;
};

namespace tidemark {

inline Status need(const void* pointer, const char* name) {
  if (pointer != nullptr) return {};
  return fail(TIDEMARK_E_INVALID, std::string(name) + " is NULL");
}

inline Status check_partition(const tidemark_partition* partition) {
  if (Status ok = need(partition, "partition"); !ok) return ok;
  if (partition->storage.data == nullptr && partition->storage.size > 0) {
    return fail(TIDEMARK_E_INVALID, "partition.storage is NULL with a size");
  }
  return {};
}

inline Status need_writer(const tidemark_writer* writer) {
  if (Status ok = need(writer, "writer"); !ok) return ok;
  if (writer->write == nullptr) return fail(TIDEMARK_E_INVALID, "writer.write is NULL");
  return {};
}

}  // namespace tidemark

#endif  // TIDEMARK_ENTRY_CHECKS_H
