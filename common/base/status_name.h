// A status as people read it. Any thread; pure.
#ifndef TIDEMARK_COMMON_BASE_STATUS_NAME_H
#define TIDEMARK_COMMON_BASE_STATUS_NAME_H

#include <tidemark/base.h>

#include <string>

namespace tidemark {

// "RETRYABLE"; one that nobody knows is "status 12345".
inline std::string status_name(tidemark_status status) {
  switch (status) {
    case TIDEMARK_OK:
      return "OK";
    case TIDEMARK_E_INVALID:
      return "INVALID";
    case TIDEMARK_E_UNSUPPORTED:
      return "UNSUPPORTED";
    case TIDEMARK_E_NOT_FOUND:
      return "NOT_FOUND";
    case TIDEMARK_E_EXISTS:
      return "EXISTS";
    case TIDEMARK_E_PERMANENT:
      return "PERMANENT";
    case TIDEMARK_E_CORRUPT:
      return "CORRUPT";
    case TIDEMARK_E_CANCELLED:
      return "CANCELLED";
    case TIDEMARK_E_SEALED:
      return "SEALED";
    case TIDEMARK_E_RETRYABLE:
      return "RETRYABLE";
    case TIDEMARK_E_THROTTLED:
      return "THROTTLED";
    case TIDEMARK_E_NO_SPACE:
      return "NO_SPACE";
    default:
      return "status " + std::to_string(status);
  }
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_STATUS_NAME_H
