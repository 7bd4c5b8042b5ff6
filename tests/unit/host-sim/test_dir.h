// A directory of a test that removes itself.
#ifndef TIDEMARK_TESTS_TM_SIM_TEST_DIR_H
#define TIDEMARK_TESTS_TM_SIM_TEST_DIR_H

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "entry_writer.h"

namespace tidemark::host {

class TestDir {
 public:
  TestDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "host-sim-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TestDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline EntrySpec small_spec() { return {"main", 3, 17, {}, {3, 5000, 42}}; }

inline void put_file(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string get_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace tidemark::host

#endif  // TIDEMARK_TESTS_TM_SIM_TEST_DIR_H
