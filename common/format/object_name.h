// Names of objects in the sink: their keys. The whole grammar of release 1.
//
// <storage>/<partition>/<LSN>.tar                 one entry
// <storage>/<partition>/<last>-<first>.tar        a batch, named by its last entry: byte order is LSN order
// <storage>/<partition>/<last>-<first>.gap        a record that first..last could not be archived
// <storage>/<partition>/<last>-<first>.accepted   a record that an operator accepts the loss of first..last
// <storage>/<partition>/<last>-<first>.pruned     a record that 1..last were removed on purpose; first is 1
// <storage>/<partition>/<last>-<first>.origin     a record that 1..last were never there: the partition
//                                                 begins after last; first is 1
// <storage>/epoch/<number>.epoch                  a record of who wrote from when on, and after what; the
//                                                 number as 13 digits in base 36, like an LSN
//
// Before its kind a name has .e<epoch> if it was written in another epoch than the first:
// 0000000000001.e2.tar. An archive with which its epoch did not begin in the partition says with which LSN it
// did, if its writer knew: 0000000000007.e2-0000000000001.tar. So the loss of those before it shows. An
// archive whose bytes are compressed or encrypted is .tar.zst, .tar.age or .tar.zst.age.
//
// A name that obeys the grammar is never foreign. Parsing accepts exactly what formatting makes. Pure; any
// thread.
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

enum class ObjectKind : uint8_t { kArchive, kGap, kAccepted, kPruned, kOrigin, kEpoch };

// What was done to the bytes of an archive, the first before the second.
enum class Coding : uint8_t { kNone, kZstd, kAge, kZstdAge };

inline constexpr uint64_t kFirstEpoch = 1;

struct ParsedName {
  Range range;  // empty for the record of an epoch
  ObjectKind kind = ObjectKind::kArchive;
  uint64_t epoch = kFirstEpoch;
  Coding coding = Coding::kNone;  // of an archive
  Lsn begun = kNoLsn;  // of an archive of a later epoch: where that began, before it; none: it does not say
  friend bool operator==(const ParsedName&, const ParsedName&) = default;
};
constexpr bool compresses(Coding coding) { return coding == Coding::kZstd || coding == Coding::kZstdAge; }
constexpr bool encrypts(Coding coding) { return coding == Coding::kAge || coding == Coding::kZstdAge; }
// What a key has for it after ".tar": "", ".zst", ".age" or ".zst.age".
std::string_view coding_suffix(Coding coding);
constexpr Coding coding_of(bool compressed, bool encrypted) {
  if (encrypted) return compressed ? Coding::kZstdAge : Coding::kAge;
  return compressed ? Coding::kZstd : Coding::kNone;
}

std::string partition_prefix(std::string_view storage, uint64_t partition);  // ends in '/'
std::string object_key(std::string_view storage, uint64_t partition, const ParsedName& name);
// Of an archive, without ".tar" and what follows it: what a tag is made of.
std::string archive_stem(std::string_view storage, uint64_t partition, const ParsedName& name);
// Of the first epoch, and with no coding.
std::string object_key(std::string_view storage, uint64_t partition, Range range, ObjectKind kind);

// The part of a key after the partition's prefix; nothing if it is not exactly such a name.
std::optional<ParsedName> parse_object_name(std::string_view name);

struct ParsedKey {
  std::string_view storage;  // borrowed from the key
  uint64_t partition = 0;    // 0 for the record of an epoch: "epoch" is not a decimal number, so no partition
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
