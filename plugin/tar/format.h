// The bytes of a tar member's header: ustar, with pax records only where ustar cannot say it.
//
// Pure functions; any thread. What is written depends on the arguments alone, so equal entries give equal
// bytes on every machine: mtime 0, uid = gid = 0, no owner names. README.md of this folder spells it out.
#ifndef TIDEMARK_TAR_FORMAT_H
#define TIDEMARK_TAR_FORMAT_H

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tar/limits.h"

namespace tidemark::tar {

inline constexpr size_t kEndMarkSize = 2 * kBlockSize;  // two zero blocks end an archive

// Of ustar's fields.
inline constexpr size_t kNameSize = 100, kLinkSize = 100, kPrefixSize = 155;

enum class MemberType : char { kFile = '0', kSymlink = '2', kDirectory = '5' };

struct Member {
  std::string_view name;  // a directory's ends in '/'
  std::string_view link;  // a symlink's target
  uint64_t size_bytes = 0;
  uint16_t mode = 0;  // permission bits, 07777
  MemberType type = MemberType::kFile;
};

constexpr uint64_t padded(uint64_t size) { return (size + kBlockSize - 1) / kBlockSize * kBlockSize; }

// Of all headers of the member: a multiple of kBlockSize, at most kHeaderMax. The name has at most
// kMemberNameMax bytes, the link kLinkTargetMax; neither holds a NUL.
size_t header_size(const Member& member);
// Writes exactly header_size(member) bytes.
void write_header(const Member& member, uint8_t* out);

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_FORMAT_H
