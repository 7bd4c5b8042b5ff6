// A directory that goes with its test.
#ifndef TIDEMARK_TESTS_UNIT_COMMON_TEMP_DIR_H
#define TIDEMARK_TESTS_UNIT_COMMON_TEMP_DIR_H

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace tidemark::test {

class CommonTempDir : public ::testing::Test {
 protected:
  CommonTempDir() : dir_((std::filesystem::temp_directory_path() / "tidemark-common-XXXXXX").string()) {
    if (::mkdtemp(dir_.data()) == nullptr) ADD_FAILURE() << "no directory for the test";
  }
  ~CommonTempDir() override {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  std::string dir_;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_COMMON_TEMP_DIR_H
