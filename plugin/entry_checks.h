// What the exported tables share: the handle behind tidemark_archiver and checks of arguments.
#ifndef TIDEMARK_ENTRY_CHECKS_H
#define TIDEMARK_ENTRY_CHECKS_H

#include <tidemark/archiver.h>

#include <string>

#include "base/guard.h"
#include "base/result.h"
#include "format/object_name.h"
#include "runtime/archiver.h"

struct tidemark_archiver : tidemark::runtime::Archiver {
  using Archiver::Archiver;
};

namespace tidemark {

inline Status need(const void* pointer, const char* name) {
  if (pointer != nullptr) return {};
  return fail(TIDEMARK_E_INVALID, std::string(name) + " is NULL");
}

inline Status check_text(tidemark_str text, const char* name) {
  if (text.data != nullptr || text.size == 0) return {};
  return fail(TIDEMARK_E_INVALID, std::string(name) + " is NULL but has a size");
}

// `has_all`: the struct has the members that it had when its version began.
inline Status check_struct(bool has_all, const char* name, uint32_t struct_size) {
  if (has_all) return {};
  return fail(TIDEMARK_E_INVALID, std::string(name) + ".struct_size is " + std::to_string(struct_size) +
                                      ", too small for its first version; set it to the struct's size");
}

inline Status check_partition(const tidemark_partition* partition) {
  TM_TRY(need(partition, "partition"));
  return check_text(partition->storage, "partition.storage");
}

inline Status check_name(const tidemark_partition* partition) {
  TM_TRY(check_partition(partition));
  if (const char* problem = storage_name_problem(view(partition->storage))) {
    return fail(TIDEMARK_E_INVALID, "'" + std::string(view(partition->storage).substr(0, 200)) +
                                        "' is not a storage name: " + problem);
  }
  return {};
}

inline Status check_range(tidemark_lsn first, tidemark_lsn last) {
  if (first == kNoLsn) return fail(TIDEMARK_E_INVALID, "first is 0: the first LSN is 1");
  if (first <= last) return {};
  return fail(TIDEMARK_E_INVALID,
              "first is " + std::to_string(first) + ", after last, which is " + std::to_string(last));
}

inline Status check_directory(tidemark_str directory) {
  if (directory.data == nullptr || directory.size == 0) return fail(TIDEMARK_E_INVALID, "directory is empty");
  if (view(directory).find('\0') == std::string_view::npos) return {};
  return fail(TIDEMARK_E_INVALID, "directory contains a NUL byte");
}

inline Status need_writer(const tidemark_writer* writer) {
  TM_TRY(need(writer, "writer"));
  if (writer->write == nullptr) return fail(TIDEMARK_E_INVALID, "writer.write is NULL");
  return {};
}

}  // namespace tidemark

#endif  // TIDEMARK_ENTRY_CHECKS_H
