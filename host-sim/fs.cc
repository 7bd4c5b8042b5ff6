#include "fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/fd.h"

namespace tidemark::host {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot open " + path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, "cannot stat " + path);
  std::string data(static_cast<size_t>(status.st_size), '\0');
  size_t used = 0;
  for (;;) {
    if (used == data.size()) data.resize(data.size() + 4096);
    const ssize_t got = ::read(fd.get(), data.data() + used, data.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read " + path);
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  data.resize(used);
  return data;
}

Result<void> write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t put = ::write(fd, data.data(), data.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "cannot write " + path);
    data.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Result<void> write_new_file(const std::string& path, std::string_view data, uint32_t mode,
                            Durability durability) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(errno, "cannot create " + path);
  if (auto written = write_all(fd.get(), data, path); !written) return written;
  if (::fchmod(fd.get(), mode) != 0) return fail_errno(errno, "cannot set the mode of " + path);
  if (durability == Durability::kFsync && ::fsync(fd.get()) != 0)
    return fail_errno(errno, "cannot fsync " + path);
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view data) {
  const std::string temporary = path + ".tmp";
  {
    UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return fail_errno(errno, "cannot create " + temporary);
    if (auto written = write_all(fd.get(), data, temporary); !written) return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(errno, "cannot replace " + path);
  return {};
}

Result<void> sync_dir(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "cannot open the directory " + path);
  if (::fsync(fd.get()) != 0) return fail_errno(errno, "cannot fsync the directory " + path);
  return {};
}

Result<void> make_dirs(const std::string& path, Durability durability) {
  if (::mkdir(path.c_str(), 0755) == 0) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    return durability == Durability::kFsync ? sync_dir(parent.empty() ? "." : parent) : Result<void>();
  }
  if (errno == EEXIST) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
    return fail_errno(ENOTDIR, "cannot create the directory " + path);
  }
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (errno != ENOENT || parent.empty() || parent == path)
    return fail_errno(errno, "cannot create the directory " + path);
  if (auto made = make_dirs(parent, durability); !made) return made;
  // Where nothing can be made (/proc) that is still ENOENT: once is enough.
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    return fail_errno(errno, "cannot create the directory " + path);
  return durability == Durability::kFsync ? sync_dir(parent) : Result<void>();
}

Result<std::vector<std::string>> list_names(const std::string& path) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  std::vector<std::string> names;
  if (!dir && errno == ENOENT) return names;
  if (!dir) return fail_errno(errno, "cannot open the directory " + path);
  for (;;) {
    errno = 0;
    const dirent* item = ::readdir(dir.get());
    if (item == nullptr && errno != 0) return fail_errno(errno, "cannot list the directory " + path);
    if (item == nullptr) break;
    const std::string_view name = item->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> remove_tree(const std::string& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) return fail_errno(code.value(), "cannot remove " + path);
  return {};
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += "0123456789ABCDEF"[byte >> 4];
      out += "0123456789ABCDEF"[byte & 15];
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return fail("bad percent encoding in '" + std::string(text) + "'");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace tidemark::host
