// Names of objects in the sink: their keys.
//
// <storage>/<partition>/<LSN>.tar                 one entry
// <storage>/<partition>/<last>-<first>.tar        a batch, named by its last entry: byte order is LSN order
// <storage>/<partition>/<last>-<first>.gap        a record that first..last could not be archived
// <storage>/<partition>/<last>-<first>.accepted   a record that an operator accepts the loss of first..last
// <storage>/<partition>/<last>-<first>.pruned     a record that 1..last were removed on purpose; first is 1
// <storage>/<partition>/<last>-<first>.origin     a record that 1..last were never there: the partition
//                                                 begins after last; first is 1
//
// Parsing accepts exactly what formatting makes. Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_OBJECT_NAME_H
#define TIDEMARK_COMMON_FORMAT_OBJECT_NAME_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/lsn.h"
#include "format/types.h"

namespace tidemark {

inline constexpr size_t kStorageNameMax = 128;

// Why a storage name is refused, or nullptr: [A-Za-z0-9._-]{1,128}, not beginning with '.'.
const char* storage_name_problem(std::string_view name);

enum class ObjectKind : uint8_t { kArchive, kGap, kAccepted, kPruned, kOrigin };

std::string partition_prefix(std::string_view storage, uint64_t partition);  // ends in '/'
std::string object_key(std::string_view storage, uint64_t partition, Range range, ObjectKind kind);

struct ParsedName {
  Range range;
  ObjectKind kind = ObjectKind::kArchive;
};
// The part of a key after the partition's prefix; nothing if it is not exactly such a name.
std::optional<ParsedName> parse_object_name(std::string_view name);

struct ParsedKey {
  std::string_view storage;  // borrowed from the key
  uint64_t partition = 0;
  ParsedName name;
};
std::optional<ParsedKey> parse_object_key(std::string_view key);

struct ParsedFolder {
  std::string_view storage;  // borrowed from the key
  uint64_t partition = 0;
  std::string_view name;  // what follows the partition's prefix
};
// The partition in whose folder a key lies, whatever its name there.
std::optional<ParsedFolder> parse_folder(std::string_view key);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_OBJECT_NAME_H
