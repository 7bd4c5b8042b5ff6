#include "base/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.h"
#include "base/printable.h"

namespace tidemark {
namespace {

struct WipedText {
  std::string text;
  ~WipedText() { wipe(&text); }
};

}  // namespace

int read_secret_text(int fd, size_t expected_bytes, size_t limit_bytes, std::string* text) {
  // One byte more, which shows the end of the file or that it is too long.
  text->assign(std::min(expected_bytes, limit_bytes) + 1, '\0');
  size_t size = 0;
  while (size <= limit_bytes) {
    if (size == text->size()) {
      std::string larger(std::min(size * 2, limit_bytes + 1), '\0');
      text->copy(larger.data(), size);
      text->swap(larger);
      wipe(&larger);
    }
    const ssize_t got = ::read(fd, text->data() + size, text->size() - size);
    if (got == 0) {
      text->resize(size);
      return 0;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int sys_errno = errno;
      wipe(text);
      return sys_errno;
    }
    size += static_cast<size_t>(got);
  }
  wipe(text);
  return EFBIG;
}

Result<Secret> read_secret_file(const std::string& path, Readers readers) {
  const std::string what = "cannot read " + path;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd && is_key_itself(path)) {
    return fail(TIDEMARK_E_INVALID,
                "a key was given in place of the name of its file: write it to a file of mode 0600 and name "
                "that; whoever can see command lines or this configuration may have read it");
  }
  if (!fd && errno == ELOOP) return fail(what + ": it is a symbolic link; name the file that it leads to");
  if (!fd) return fail_errno(errno, "cannot read " + printable_file(path));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(errno, what);
  if (Status trust = check_file_trust(info, path, readers); !trust) {
    trust.error().message = "cannot read " + trust.error().message;
    return std::move(trust.error());
  }
  WipedText wiped;
  std::string& text = wiped.text;
  const int problem =
      read_secret_text(fd.get(), static_cast<size_t>(info.st_size), kSecretFileMaxBytes, &text);
  if (problem == EFBIG) {
    return fail(what + ": it is larger than " + std::to_string(kSecretFileMaxBytes) +
                " bytes; is it the right file?");
  }
  if (problem != 0) return fail_errno(problem, what);
  return Secret::take(&text);
}

}  // namespace tidemark
