// What an errno means for the caller: the one table of the whole tree, and the text for people.
//
// The same errno means different things from different files, so the table has two views:
//   kSink   files of the sink: its directory, its disk, the socket to a store. What concerns the whole sink
//           (a disk that fails, a mount that went away or turned read-only, a full quota, no descriptors) is
//           worth a retry and makes the archiver wait for the sink (SINK_DOWN); what concerns one object
//           (a name too long, no permission for one directory) is PERMANENT.
//   kEntry  any other file: the host's entries, the directory that is restored to. Absence concerns the
//           entry alone; EXISTS says that the target is there; a read-only directory is PERMANENT, because
//           nobody will remount it.
//
// Any thread; pure.
#ifndef TIDEMARK_COMMON_BASE_ERRNO_STATUS_H
#define TIDEMARK_COMMON_BASE_ERRNO_STATUS_H

#include <tidemark/base.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace tidemark {

enum class ErrnoOf : uint8_t { kSink, kEntry };

inline tidemark_status status_of_errno(int sys_errno, ErrnoOf what) noexcept {
  const bool is_sink = what == ErrnoOf::kSink;
  switch (sys_errno) {
    case ENOENT:
      return TIDEMARK_E_NOT_FOUND;
    case ENOTDIR:  // of an entry: a level above it is gone. In the sink: a file is where a key needs a level
      return is_sink ? TIDEMARK_E_PERMANENT : TIDEMARK_E_NOT_FOUND;
    case EEXIST:  // in the sink EXISTS promises a whole and durable object, which an errno does not know of
      return is_sink ? TIDEMARK_E_PERMANENT : TIDEMARK_E_EXISTS;
    case ENOSPC:
    case EDQUOT:
      return TIDEMARK_E_NO_SPACE;
    // The file system: read-only, unmounted, unplugged, damaged (EUCLEAN, EBADMSG: ext4 and XFS), or locked
    // (a key).
    case EROFS:
    case ENODEV:
    case ENXIO:  // of an entry: a device or a socket stands there
    case ENOMEDIUM:
    case EUCLEAN:
    case EBADMSG:
    case ENOKEY:
    case EKEYEXPIRED:
    case EKEYREVOKED:
    case EKEYREJECTED:
      return is_sink ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_PERMANENT;
    // The machine: the disk, or what is short right now.
    case EIO:
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case EDEADLK:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOLCK:
    // The connection to it: a network file system or a store.
    case ESTALE:
    case EREMOTEIO:
    case ENOLINK:
    case ECOMM:
    case EPROTO:
    case ETIME:
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ESHUTDOWN:
    case ENOTCONN:
    case ENETDOWN:
    case ENETUNREACH:
    case ENETRESET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case ECANCELED:
      return TIDEMARK_E_RETRYABLE;
    case EOPNOTSUPP:
    case ENOSYS:
      return TIDEMARK_E_UNSUPPORTED;
    default:
      return TIDEMARK_E_PERMANENT;
  }
}

// In English whatever the locale, from no shared buffer.
inline std::string errno_text(int sys_errno) {
  if (sys_errno == ENOMEM) return "out of memory";  // the same text as when an allocation fails
  const char* const text = strerrordesc_np(sys_errno);
  return text != nullptr ? text : "errno " + std::to_string(sys_errno);
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_ERRNO_STATUS_H
