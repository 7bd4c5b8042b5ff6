#include "file/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <string>
#include <vector>

#include "base/directory.h"
#include "file/answer.h"
#include "format/object_name.h"

namespace tidemark::sinks::file {
namespace {

constexpr size_t kNamesPerPoll = 1024;

// Names are taken in windows of the lowest ones, so that memory does not grow with the directory: it is read
// again for each window. Up to twice as many are kept while one is chosen.
class FileDirectory : public TreeDirectory {
 public:
  FileDirectory(UniqueFd fd, std::string key_path, std::string path, const NameRange& range, const Call& call,
                size_t window_names)
      : fd_(std::move(fd)),
        key_path_(std::move(key_path)),
        path_(std::move(path)),
        prefix_(range.prefix),
        after_(range.after),
        call_(call),
        window_names_(window_names) {}

  Status read();
  Result<bool> next(Entry* out) override;

 private:
  struct Name {
    size_t offset;
    uint16_t size;
  };
  std::string_view text(const Name& name) const { return {text_.data() + name.offset, name.size}; }
  bool is_wanted(std::string_view shown, bool directory) const;
  Status add(const dirent& entry);
  void keep_lowest();
  Result<bool> is_directory(const dirent& entry) const;
  bool is_for_object(const char* name) const;

  UniqueFd fd_;
  const std::string key_path_;  // what keys that lie in it begin with
  std::string path_;            // absolute, for messages
  const std::string prefix_;
  const std::string after_;
  const Call& call_;
  const size_t window_names_;
  std::string text_;  // all names in one piece, each with a NUL or, a directory's, with '/' and NUL after it
  std::vector<Name> names_;
  std::string last_;       // the last name of the windows before
  std::string bound_;      // names above it belong to later windows; empty: none does
  bool has_more_ = false;  // names were left to later windows
  size_t position_ = 0;
};

bool FileDirectory::is_wanted(std::string_view shown, bool directory) const {
  if (shown <= last_ && !last_.empty()) return false;
  const NameRange range = {prefix_, after_};
  return directory ? range.wants_directory(shown) : range.wants_file(shown);
}

// The next window.
Status FileDirectory::read() {
  text_.clear();
  names_.clear();
  bound_.clear();
  has_more_ = false;
  position_ = 0;
  const Directory dir = list_directory(fd_.get());
  if (!dir && errno == ENOENT) return {};  // removed since it was opened
  if (!dir) return fail_sink_errno(errno, "list " + path_);
  for (size_t count = 1;; ++count) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) {
      if (errno != 0 && errno != ENOENT) return fail_sink_errno(errno, "list " + path_);
      break;
    }
    TM_TRY(add(*entry));
    if (count % kNamesPerPoll == 0) {
      TM_TRY(call_.check());
    }
  }
  if (names_.size() > window_names_) keep_lowest();
  std::sort(names_.begin(), names_.end(), [&](const Name& a, const Name& b) { return text(a) < text(b); });
  assert(names_.empty() || last_.empty() || text(names_.front()) > last_);  // windows follow one another
  if (!names_.empty()) last_ = text(names_.back());
  return {};
}

Status FileDirectory::add(const dirent& entry) {
  if (entry.d_name[0] == '.') return {};
  TM_ASSIGN(bool directory, is_directory(entry));
  // It stands in an object's place: listed once, as such, and not gone into.
  if (directory && is_for_object(entry.d_name)) directory = false;
  const size_t offset = text_.size();
  text_ += entry.d_name;
  if (directory) text_ += '/';
  const Name name = {offset, static_cast<uint16_t>(text_.size() - offset)};
  const bool later = !bound_.empty() && text(name) > bound_;
  if (later || !is_wanted(text(name), directory)) {
    text_.resize(offset);
    return {};
  }
  text_ += '\0';
  names_.push_back(name);
  if (names_.size() == 2 * window_names_) keep_lowest();
  return {};
}

// The lowest window_names_, in no order; what lies above the highest of them is for later windows.
void FileDirectory::keep_lowest() {
  assert(names_.size() > window_names_);
  const auto end = names_.begin() + window_names_;
  std::nth_element(names_.begin(), end - 1, names_.end(),
                   [&](const Name& a, const Name& b) { return text(a) < text(b); });
  names_.erase(end, names_.end());
  bound_ = text(names_.back());
  has_more_ = true;
  std::string kept;
  kept.reserve(text_.size());
  for (Name& name : names_) {
    const size_t offset = kept.size();
    kept.append(text(name)).push_back('\0');
    name.offset = offset;
  }
  text_ = std::move(kept);
}

bool FileDirectory::is_for_object(const char* name) const {
  return parse_object_key(key_path_ + name).has_value();
}

Result<bool> FileDirectory::is_directory(const dirent& entry) const {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat info;
  if (fstatat(fd_.get(), entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return fail_sink_errno(errno, "stat " + path_ + "/" + entry.d_name);
  }
  return S_ISDIR(info.st_mode);
}

Result<bool> FileDirectory::next(Entry* out) {
  for (;;) {
    if (position_ == names_.size()) {
      if (!has_more_) return false;
      TM_TRY(read());
      continue;
    }
    out->shown = text(names_[position_++]);
    if (out->is_directory()) return true;
    struct stat info;
    if (fstatat(fd_.get(), out->shown.data(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed since the directory was read
      return fail_sink_errno(errno, "stat " + path_ + "/" + out->shown.data());
    }
    // It was no directory when its name was read.
    if (S_ISDIR(info.st_mode) && !is_for_object(out->shown.data())) continue;
    out->object = info_of(info);
    out->object.is_irregular = !S_ISREG(info.st_mode);
    return true;
  }
}

}  // namespace

Result<UniqueFd> FileTree::open_fd(std::string_view path) const {
  Result<UniqueFd> fd = directories_.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd) return fd;
  const int sys_errno = fd.error().sys_errno;
  // Never there, removed meanwhile, or no directory (any more).
  if (sys_errno == ENOENT || sys_errno == ENOTDIR || sys_errno == ELOOP || sys_errno == ENAMETOOLONG) {
    return UniqueFd();
  }
  return fd;
}

Result<bool> FileTree::may_open(std::string_view path) {
  TM_ASSIGN(const UniqueFd fd, open_fd(path.substr(0, path.size() - 1)));
  return static_cast<bool>(fd);
}

Result<std::unique_ptr<TreeDirectory>> FileTree::open(std::string_view path, const NameRange& range) {
  std::string key_path(path);
  if (!path.empty()) path.remove_suffix(1);
  TM_ASSIGN(UniqueFd fd, open_fd(path));
  if (!fd) return std::unique_ptr<TreeDirectory>();
  auto directory = std::make_unique<FileDirectory>(std::move(fd), std::move(key_path),
                                                   directories_.absolute(path), range, call_, window_names_);
  TM_TRY(directory->read());
  return std::unique_ptr<TreeDirectory>(std::move(directory));
}

}  // namespace tidemark::sinks::file
