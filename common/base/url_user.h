// What a URL must not show: a user and a password before its host. No sink takes them, but people type them.
#ifndef TIDEMARK_COMMON_BASE_URL_USER_H
#define TIDEMARK_COMMON_BASE_URL_USER_H

#include <string>

namespace tidemark {

// "s3://user:password@bucket/prefix" as "s3://bucket/prefix". Of a URL without its query and fragment.
inline std::string without_user(std::string url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const size_t authority = scheme + 3;
  const size_t at = url.rfind('@', url.find('/', authority));
  if (at != std::string::npos && at >= authority) url.erase(authority, at + 1 - authority);
  return url;
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_URL_USER_H
