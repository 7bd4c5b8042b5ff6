#include "base/file_trust.h"

#include <unistd.h>

#include <cstdio>

namespace tidemark {
namespace {

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

}  // namespace

Status check_file_trust(const struct stat& info, const std::string& path, Readers readers) {
  const std::string what = path + ": ";
  if (!S_ISREG(info.st_mode)) return fail(what + "it is not a regular file");
  const uid_t self = ::geteuid();
  if (info.st_uid != self && info.st_uid != 0) {
    return fail(what + "it belongs to user " + std::to_string(info.st_uid) +
                ", and only a file of root or of user " + std::to_string(self) +
                ", who reads it, is trusted: chown " + std::to_string(self) + " " + path);
  }
  if (readers == Readers::kOwner && (info.st_mode & 077) != 0) {
    return fail(what + "it holds a secret, and its mode " + octal(info.st_mode) +
                " is open to others: chmod 600 " + path);
  }
  if (readers == Readers::kAnyone && (info.st_mode & 022) != 0) {
    return fail(what + "it says whom to trust, and by its mode " + octal(info.st_mode) +
                " others may write it: chmod go-w " + path);
  }
  return {};
}

}  // namespace tidemark
