#include "config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace tidemark::cli {
namespace {

class ConfigTest : public testing::Test {
 protected:
  ~ConfigTest() override { std::filesystem::remove(file_); }
  // What is said of a file with these lines after its first two.
  std::string problem(const std::string& lines) {
    std::ofstream(file_) << "[archive.prod]\nurl = \"file:///a\"\n" << lines;
    ::chmod(file_.c_str(), 0600);
    const auto archive = named_archive("prod", file_);
    return archive ? "none" : archive.error().message.substr(file_.size());
  }

  const std::string file_ = testing::TempDir() + "tidemark_config_test." + std::to_string(::getpid());
};

TEST_F(ConfigTest, ASecretInPlaceOfItsNameIsNotRepeated) {
  EXPECT_EQ(problem("[archive.prod.secret]\nkey = \"env:SECRET\"\n"),
            ":4: secret 'key': the environment has no variable of the name after env:");
  EXPECT_EQ(problem("[archive.prod.secret]\nkey = \"file:/SECRET/wJal\"\n"),
            ":4: secret 'key': the file after file: cannot be read: No such file or directory");
  EXPECT_EQ(problem("[archive.prod.secret]\nSECRET = \"env:TM_ABSENT\"\n"),
            ":4: secret '(not shown)': the environment has no variable of the name after env:");
  EXPECT_EQ(problem("SECRET = 1\n").substr(0, 24), ":3: '(not shown)' is not");
}

TEST_F(ConfigTest, AFileThatIsThereIsNamed) {
  const std::string said = problem("[archive.prod.secret]\nkey = \"file:/etc\"\n");
  EXPECT_NE(said.find("/etc"), std::string::npos) << said;
}

}  // namespace
}  // namespace tidemark::cli
