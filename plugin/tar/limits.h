// How much an archive may hold. Whoever writes one and whoever reads one has the limits from here, so that
// what was archived can be read. Numbers only; any thread.
#ifndef TIDEMARK_TAR_LIMITS_H
#define TIDEMARK_TAR_LIMITS_H

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace tidemark::tar {

inline constexpr size_t kBlockSize = 512;

// Files, directories and symlinks of one archive, of all its entries together. Room for 1,000,000 files, each
// in a directory of its own.
inline constexpr uint64_t kMembersMax = 2'000'000;

// Of a member's path within the archive, <LSN>/... What the system takes as a path at most: with one byte
// more `tar -xf` could not restore it.
inline constexpr size_t kMemberPathMax = 4095;
// Of its name as a header gives it: a directory's ends in '/'.
inline constexpr size_t kMemberNameMax = kMemberPathMax + 1;
inline constexpr size_t kLinkTargetMax = 4095;  // of a symlink's target, for the same reason

// Of one member's headers, pax records included: four of them, two of which are a name and a target.
inline constexpr size_t kHeaderMax = 20 * kBlockSize;
inline constexpr size_t kPaxRecordsMax = kHeaderMax - 2 * kBlockSize;

// Of all members of an archive: room for the end mark and the footer within what a file's size can say.
inline constexpr uint64_t kMembersBytesMax =
    static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - (64 << 10);

inline std::string too_many_members_text(uint64_t limit) {
  return "more than " + std::to_string(limit) + " members (files, directories and symlinks)";
}
inline std::string too_long_path_text() {
  return "a path longer than " + std::to_string(kMemberPathMax) + " bytes within the archive";
}

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_LIMITS_H
