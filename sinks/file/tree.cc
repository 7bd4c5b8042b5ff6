#include "file/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

namespace tidemark::sinks::file {
namespace {

constexpr size_t kNamesPerPoll = 1024;

ObjectInfo info_of(const struct stat& info) {
  return {static_cast<uint64_t>(info.st_size), info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000};
}

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

class FileDirectory : public TreeDirectory {
 public:
  FileDirectory(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status read(const NameRange& range, const Call& call);
  Result<bool> next(Entry* out) override;

 private:
  struct Name {
    size_t offset;
    uint16_t size;
  };
  std::string_view text(const Name& name) const { return {text_.data() + name.offset, name.size}; }
  Status add(const dirent& entry, const NameRange& range);
  Result<bool> is_directory(const dirent& entry, bool* is_file) const;

  UniqueFd fd_;
  std::string path_;  // absolute, for messages
  std::string text_;  // all names in one piece, each with a NUL or, a directory's, with '/' and NUL behind it
  std::vector<Name> names_;
  size_t position_ = 0;
};

Status FileDirectory::read(const NameRange& range, const Call& call) {
  const int own = openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseDir> dir(own < 0 ? nullptr : fdopendir(own));
  if (!dir) {
    const int sys_errno = errno;
    if (own >= 0) close(own);
    if (sys_errno == ENOENT) return {};  // removed since it was opened
    return fail_errno(sys_errno, "list " + path_);
  }
  for (size_t count = 1;; ++count) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) {
      if (errno != 0 && errno != ENOENT) return fail_errno(errno, "list " + path_);
      break;
    }
    if (Status ok = add(*entry, range); !ok) return ok;
    if (count % kNamesPerPoll == 0) {
      if (Status ok = call.check(); !ok) return ok;
    }
  }
  std::sort(names_.begin(), names_.end(), [&](const Name& a, const Name& b) { return text(a) < text(b); });
  return {};
}

Status FileDirectory::add(const dirent& entry, const NameRange& range) {
  if (entry.d_name[0] == '.') return {};
  bool is_file = false;
  const Result<bool> directory = is_directory(entry, &is_file);
  if (!directory) return tl::unexpected(directory.error());
  if (!*directory && !is_file) return {};
  const size_t offset = text_.size();
  text_ += entry.d_name;
  if (*directory) text_ += '/';
  const Name name = {offset, static_cast<uint16_t>(text_.size() - offset)};
  if (*directory ? range.wants_directory(text(name)) : range.wants_file(text(name))) {
    text_ += '\0';
    names_.push_back(name);
  } else {
    text_.resize(offset);
  }
  return {};
}

Result<bool> FileDirectory::is_directory(const dirent& entry, bool* is_file) const {
  if (entry.d_type != DT_UNKNOWN) {
    *is_file = entry.d_type == DT_REG;
    return entry.d_type == DT_DIR;
  }
  struct stat info;
  if (fstatat(fd_.get(), entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return fail_errno(errno, "stat " + path_ + "/" + entry.d_name);
  }
  *is_file = S_ISREG(info.st_mode);
  return S_ISDIR(info.st_mode);
}

Result<bool> FileDirectory::next(Entry* out) {
  while (position_ < names_.size()) {
    out->shown = text(names_[position_++]);
    if (out->is_directory()) return true;
    struct stat info;
    if (fstatat(fd_.get(), out->shown.data(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed since the directory was read
      return fail_errno(errno, "stat " + path_ + "/" + out->shown.data());
    }
    if (!S_ISREG(info.st_mode)) continue;
    out->object = info_of(info);
    return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<TreeDirectory>> FileTree::open(std::string_view path, const NameRange& range) {
  if (!path.empty()) path.remove_suffix(1);
  Result<UniqueFd> fd = directories_.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd) {
    const int sys_errno = fd.error().sys_errno;
    // Never there, removed meanwhile, or no directory (any more).
    if (sys_errno == ENOENT || sys_errno == ENOTDIR || sys_errno == ELOOP || sys_errno == ENAMETOOLONG) {
      return std::unique_ptr<TreeDirectory>();
    }
    return tl::unexpected(fd.error());
  }
  auto directory = std::make_unique<FileDirectory>(std::move(*fd), directories_.absolute(path));
  if (Status ok = directory->read(range, call_); !ok) return tl::unexpected(ok.error());
  return std::unique_ptr<TreeDirectory>(std::move(directory));
}

}  // namespace tidemark::sinks::file
