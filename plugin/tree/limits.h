// How large the tree of an entry may be. Walking and building use the same limits, so that what was archived
// can be restored. Numbers only; any thread.
#ifndef TIDEMARK_TREE_LIMITS_H
#define TIDEMARK_TREE_LIMITS_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace tidemark::tree {

// Files, directories and symlinks of one archive, of all its entries together. Room for 1,000,000 files, each
// in a directory of its own.
inline constexpr uint64_t kMembersMax = 2'000'000;

// Of a member's path within the archive, <LSN>/... What the system takes as a path at most: with one byte
// more `tar -xf` could not restore it.
inline constexpr size_t kMemberPathMax = 4095;
// Of its name as a header gives it: a directory's ends in '/'.
inline constexpr size_t kMemberNameMax = kMemberPathMax + 1;
inline constexpr size_t kLinkTargetMax = 4095;  // of a symlink's target, for the same reason

inline std::string too_many_members_text(uint64_t limit) {
  return "more than " + std::to_string(limit) + " members (files, directories and symlinks)";
}
inline std::string too_long_path_text() {
  return "a path longer than " + std::to_string(kMemberPathMax) + " bytes within the archive";
}

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_LIMITS_H
