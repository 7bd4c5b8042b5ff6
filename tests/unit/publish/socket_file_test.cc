#include "publish/socket_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "config/listen_address.h"
#include "temp_dir.h"

namespace tidemark::publish {
namespace {

class SocketFileTest : public ::testing::Test {
 protected:
  // Stays bound, as that of a listener does.
  UniqueFd bind(const std::string& path) {
    const auto address = *config::ListenAddress::parse("unix:" + path);
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(fd.get(), address.address(), address.size()), 0);
    return fd;
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }

  test::TempDir dir_;
  const std::string path_ = dir_ / "socket";
};

TEST_F(SocketFileTest, GetsItsModeAndGoesAtTheEnd) {
  for (const mode_t mode : {0000U, 0640U, 0660U, 0777U}) {
    const UniqueFd fd = bind(path_);
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    {
      const auto file = SocketFile::take(path_);
      ASSERT_TRUE(file) << file.error().message;
      EXPECT_EQ(mode_of(path_), 0660U);
      EXPECT_TRUE(file->is_there());
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(SocketFileTest, WhatIsAnothersStays) {
  const UniqueFd fd = bind(path_);
  auto file = SocketFile::take(path_);
  ASSERT_TRUE(file) << file.error().message;
  std::filesystem::remove(path_);
  EXPECT_FALSE(file->is_there());
  const UniqueFd other = bind(path_);
  EXPECT_FALSE(file->is_there());
  file->remove();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

// Though the socket is closed: a file system likes to give the inode to the next file.
TEST_F(SocketFileTest, WhatIsAnothersStaysThoughItsInodeMightBeTheSame) {
  UniqueFd fd = bind(path_);
  auto file = SocketFile::take(path_);
  ASSERT_TRUE(file) << file.error().message;
  fd.reset();
  std::filesystem::remove(path_);
  const UniqueFd other = bind(path_);
  EXPECT_FALSE(file->is_there());
}

TEST_F(SocketFileTest, GoesWithTheOneThatItWasMovedTo) {
  const UniqueFd fd = bind(path_), second_fd = bind(dir_ / "second");
  std::optional<SocketFile> moved;
  {
    auto file = SocketFile::take(path_);
    ASSERT_TRUE(file) << file.error().message;
    moved = *std::move(file);
  }
  EXPECT_TRUE(moved->is_there());
  auto second = SocketFile::take(dir_ / "second");
  ASSERT_TRUE(second) << second.error().message;
  moved = *std::move(second);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(moved->is_there());
}

TEST_F(SocketFileTest, NoFileOfAnotherKindIsOpenedUp) {
  test::write_file(dir_ / "precious", "precious");
  ASSERT_EQ(::chmod((dir_ / "precious").c_str(), 0600), 0);
  std::filesystem::create_symlink(dir_ / "precious", dir_ / "link");
  const UniqueFd fd = bind(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  std::filesystem::create_symlink(path_, dir_ / "link to a socket");
  for (const char* name : {"precious", "link", "link to a socket"}) {
    const auto file = SocketFile::take(dir_ / name);
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().status, TIDEMARK_E_EXISTS) << name;
    EXPECT_NE(file.error().message.find(dir_ / name), std::string::npos) << file.error().message;
  }
  EXPECT_EQ(mode_of(dir_ / "precious"), 0600U);
  EXPECT_EQ(mode_of(path_), 0600U);
  EXPECT_EQ(test::read_file(dir_ / "precious"), "precious");
}

TEST_F(SocketFileTest, OneThatIsGoneIsNamed) {
  const auto file = SocketFile::take(path_);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().sys_errno, ENOENT);
  EXPECT_NE(file.error().message.find(path_), std::string::npos) << file.error().message;
}

}  // namespace
}  // namespace tidemark::publish
