#include "tree/attributes.h"

#include <sys/xattr.h>

#include <cerrno>
#include <string_view>

namespace tidemark::tree {
namespace {

// Given to every file by the system's policy, and given again where it is restored.
constexpr std::string_view kLabel = "security.selinux";

}  // namespace

void AttributeWatch::ask(int fd, const Place& place) {
  char names[1024];
  const ssize_t size = flistxattr(fd, names, sizeof names);
  if (size == 0 || (size < 0 && errno != ERANGE)) return;
  std::string_view rest = size < 0 ? std::string_view("more than can be listed\0", 24)
                                   : std::string_view(names, static_cast<size_t>(size));
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(name.size() < rest.size() ? name.size() + 1 : name.size());
    if (name.empty() || name == kLabel) continue;
    found_ = place.path() + " (" + std::string(name) + ")";
    return;
  }
}

}  // namespace tidemark::tree
