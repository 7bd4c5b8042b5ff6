// A directory of a test's own, removed with everything in it.
#ifndef TIDEMARK_TESTS_UNIT_TEMP_DIR_H
#define TIDEMARK_TESTS_UNIT_TEMP_DIR_H

#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::test {

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "tidemark-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::string& path, std::string_view content, mode_t mode = 0644) {
  std::ofstream(path, std::ios::binary) << content;
  if (chmod(path.c_str(), mode) != 0) throw std::runtime_error("cannot make " + path);
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// What a tree looks like: every path with type, permission bits, and content or target, in one text.
inline std::string describe_tree(const std::string& root) {
  namespace fs = std::filesystem;
  std::string text;
  const auto describe = [&](const fs::path& path, const std::string& name) {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) throw std::runtime_error("cannot stat " + path.string());
    text += name + " " + std::to_string(info.st_mode) + " ";
    if (S_ISREG(info.st_mode)) text += read_file(path.string());
    if (S_ISLNK(info.st_mode)) text += fs::read_symlink(path).string();
    text += "\n";
  };
  describe(root, ".");
  if (!fs::is_directory(fs::symlink_status(root))) return text;
  std::vector<std::string> names;
  for (const auto& found : fs::recursive_directory_iterator(root)) names.push_back(found.path().string());
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) describe(name, name.substr(root.size()));
  return text;
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_TEMP_DIR_H
