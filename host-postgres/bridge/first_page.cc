#include "bridge/first_page.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace tidemark::postgres {

namespace {

constexpr off_t kSmallFileBytes = 1 << 20;

template <typename Number>
Number number_at(std::span<const uint8_t, kFirstPageBytes> page, size_t at) {
  Number value = 0;
  std::memcpy(&value, page.data() + at, sizeof(value));
  return value;
}

Error refused(const WalFile& file, const Cluster& cluster, const std::string& why) {
  return fail(TIDEMARK_E_INVALID, wal_name(file, cluster) + ": " + why);
}

}  // namespace

Status check_first_page(std::span<const uint8_t, kFirstPageBytes> page, const WalFile& file,
                        const Cluster& cluster, uint16_t magic) {
  const auto found_magic = number_at<uint16_t>(page, TMPG_PAGE_MAGIC_AT);
  if ((magic != 0 && found_magic != magic) || (found_magic & 0xFF00) != 0xD100)
    return refused(file, cluster,
                   "its first page is not one of this release's write-ahead log (magic " +
                       std::to_string(found_magic) + ")");
  if ((number_at<uint16_t>(page, TMPG_PAGE_INFO_AT) & TMPG_PAGE_LONG_HEADER) == 0)
    return refused(file, cluster, "its first page does not begin a segment");
  if (const auto found = number_at<uint64_t>(page, TMPG_PAGE_IDENTIFIER_AT);
      found != cluster.system_identifier)
    return refused(file, cluster,
                   "is of the cluster with system identifier " + std::to_string(found) + ", this one is " +
                       std::to_string(cluster.system_identifier));
  if (const auto found = number_at<uint32_t>(page, TMPG_PAGE_SEGMENT_SIZE_AT); found != cluster.segment_bytes)
    return refused(file, cluster,
                   "is of a cluster with segments of " + std::to_string(found) + " bytes, this one's have " +
                       std::to_string(cluster.segment_bytes));
  // The number of a segment is checked where names are: it fits.
  if (number_at<uint64_t>(page, TMPG_PAGE_ADDRESS_AT) != file.segment * cluster.segment_bytes)
    return refused(file, cluster, "its first page is that of another segment");
  // Where a timeline begins its pages are still those of the one before.
  if (number_at<uint32_t>(page, TMPG_PAGE_TIMELINE_AT) > file.timeline)
    return refused(file, cluster, "its first page is of a later timeline");
  return {};
}

Status check_wal_file(const std::string& path, const WalFile& file, const Cluster& cluster, uint16_t magic) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return fail_errno(errno, path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, path);
  if (!S_ISREG(status.st_mode)) return fail(TIDEMARK_E_INVALID, path + " is not a regular file");
  if (file.kind == WalKind::kHistory || file.kind == WalKind::kBackup) {
    if (status.st_size > kSmallFileBytes)
      return fail(TIDEMARK_E_INVALID, path + " has more than 1 MiB: it is not what its name says");
    return {};
  }
  if (status.st_size != static_cast<off_t>(cluster.segment_bytes))
    return refused(file, cluster,
                   "has " + std::to_string(status.st_size) + " bytes, a segment has " +
                       std::to_string(cluster.segment_bytes));
  std::array<uint8_t, kFirstPageBytes> page{};
  const ssize_t got = ::pread(fd.get(), page.data(), page.size(), 0);
  if (got != static_cast<ssize_t>(page.size())) return fail_errno(got < 0 ? errno : EIO, path);
  return check_first_page(page, file, cluster, magic);
}

}  // namespace tidemark::postgres
