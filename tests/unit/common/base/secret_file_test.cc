#include "base/secret_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/fd.h"
#include "temp_dir.h"

namespace tidemark {
namespace {

class SecretFileTest : public testing::Test {
 protected:
  // What is said of the file "key".
  std::string problem(Readers readers = Readers::kOwner) {
    const auto text = read_secret_file(path_, readers);
    return text ? "none" : text.error().message;
  }

  test::TempDir dir_;
  const std::string path_ = dir_ / "key";
};

TEST_F(SecretFileTest, IsReadWhole) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4096}, kSecretFileMaxBytes}) {
    test::write_file(path_, std::string(size, 'k'), 0600);
    const auto text = read_secret_file(path_, Readers::kOwner);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->reveal(), std::string(size, 'k'));
  }
  test::write_file(path_, "k", 0400);
  EXPECT_EQ(problem(), "none");
}

TEST_F(SecretFileTest, AKeyInPlaceOfItsFileIsNotRepeated) {
  const std::string tag_key(64, 'a');
  for (const std::string& key : {std::string("AGE-SECRET-KEY-1QQQQ"), std::string("age-secret-key-1qqqq"),
                                 tag_key, "/where/it/was/typed/" + tag_key, path_ + "/AGE-SECRET-KEY-1QQQQ/x",
                                 std::string("# created: today\nAGE-SECRET-KEY-1QQQQ\n"),
                                 "# of tidemark\n" + tag_key + "\n", " " + tag_key.substr(1)}) {
    const auto text = read_secret_file(key, Readers::kOwner);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().status, TIDEMARK_E_INVALID);
    EXPECT_NE(text.error().message.find("write it to a file of mode 0600"), std::string::npos)
        << text.error().message;
    EXPECT_EQ(text.error().message.find(key), std::string::npos) << text.error().message;
    EXPECT_EQ(text.error().message.find("QQQQ"), std::string::npos) << text.error().message;
  }
  const auto options = read_secret_file("secret_access_key = SECRET", Readers::kOwner);
  EXPECT_EQ(options.error().message, "cannot read (not shown): No such file or directory");
}

TEST_F(SecretFileTest, OnlyIfNobodyElseMayUseIt) {
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0777}) {
    test::write_file(path_, "k", mode);
    char text[8];
    std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode));
    EXPECT_EQ(problem(), "cannot read " + path_ + ": it holds a secret, and its mode " + text +
                             " is open to others: chmod 600 " + path_);
    const bool may_be_written = (mode & 022) != 0;
    EXPECT_EQ(problem(Readers::kAnyone),
              may_be_written ? "cannot read " + path_ + ": it says whom to trust, and by its mode " + text +
                                   " others may write it: chmod go-w " + path_
                             : "none");
  }
}

TEST_F(SecretFileTest, OnlyOfThisUserOrRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  test::write_file(path_, "k", 0600);
  ASSERT_EQ(chown(path_.c_str(), 12345, 0), 0);
  const std::string expected =
      "cannot read " + path_ +
      ": it belongs to user 12345, and only a file of root or of user 0, who reads it, is "
      "trusted: chown 0 " +
      path_;
  EXPECT_EQ(problem(), expected);
  EXPECT_EQ(problem(Readers::kAnyone), expected);
}

TEST_F(SecretFileTest, OnlyARegularFile) {
  EXPECT_EQ(problem(), "cannot read " + path_ + ": No such file or directory");
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(problem(), "cannot read " + path_ + ": it is not a regular file");
  std::filesystem::remove(path_);
  ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
  EXPECT_EQ(problem(), "cannot read " + path_ + ": it is not a regular file");
  std::filesystem::remove(path_);
  test::write_file(dir_ / "real", "k", 0600);
  std::filesystem::create_symlink(dir_ / "real", path_);
  EXPECT_EQ(problem(), "cannot read " + path_ + ": it is a symbolic link; name the file that it leads to");
}

TEST_F(SecretFileTest, OnlyASmallOne) {
  test::write_file(path_, std::string(kSecretFileMaxBytes + 1, 'k'), 0600);
  EXPECT_EQ(problem(), "cannot read " + path_ + ": it is larger than 65536 bytes; is it the right file?");
}

TEST_F(SecretFileTest, TheTextMayBeLongerOrShorterThanExpected) {
  test::write_file(path_, std::string(5000, 'k'), 0600);
  for (const size_t expected_bytes : {0, 1, 4999, 5000, 100'000}) {
    const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    EXPECT_EQ(read_secret_text(fd.get(), expected_bytes, 5000, &text), 0);
    EXPECT_EQ(text, std::string(5000, 'k'));
  }
  const UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  EXPECT_EQ(read_secret_text(fd.get(), 10, 4999, &text), EFBIG);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(read_secret_text(-1, 10, 4999, &text), EBADF);
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace tidemark
