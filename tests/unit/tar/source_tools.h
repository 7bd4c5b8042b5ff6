// What tests of the tar source share.
#ifndef TIDEMARK_TESTS_UNIT_TAR_SOURCE_TOOLS_H
#define TIDEMARK_TESTS_UNIT_TAR_SOURCE_TOOLS_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tar/entry_source.h"
#include "temp_dir.h"

namespace tidemark::test {

inline constexpr uint64_t kTailBytes = tar::kEndMarkSize + kFooterSize;  // what follows the last member
inline constexpr size_t kTinyBuffer = 64 << 10;                          // anything larger is streamed

// Cancelled once it was asked `left` times.
struct Countdown {
  int left;
  static int32_t is_over(void* ctx) { return --static_cast<Countdown*>(ctx)->left < 0 ? 1 : 0; }
  Call call() {
    const tidemark_call raw = {sizeof raw, 0, this, is_over};
    return Call(&raw);
  }
};

inline Status open_one(tar::EntrySource& source, const std::string& path, Lsn lsn = 1) {
  const tree::EntryPath entry = {lsn, path};
  return source.open("db", 7, {&entry, 1}, {});
}

// Everything, read front to back in steps.
inline Result<std::string> read_all(tar::EntrySource& source, size_t step = 100'000) {
  std::string bytes;
  std::string piece(step, '\0');
  for (;;) {
    const auto count = source.read(bytes.size(), piece.data(), piece.size());
    if (!count) return count.error();
    if (*count == 0) return bytes;
    bytes.append(piece.data(), *count);
  }
}

inline std::string archive_of(const std::string& path, Lsn lsn = 1, tar::SourceLimits limits = {}) {
  tar::EntrySource source(limits);
  const Status opened = open_one(source, path, lsn);
  EXPECT_TRUE(opened) << opened.error().message;
  if (!opened) return {};
  const auto bytes = read_all(source);
  EXPECT_TRUE(bytes) << bytes.error().message;
  if (!bytes) return {};
  EXPECT_EQ(bytes->size(), source.size_bytes());
  return *bytes;
}

// A tree with a file too large for the tiny buffer.
inline std::string make_large_entry(const TempDir& dir) {
  const std::string entry = dir / "large";
  std::filesystem::create_directories(entry + "/sub");
  std::string bytes(300'000, '\0');
  std::mt19937 random(3);
  for (char& byte : bytes) byte = static_cast<char>(random());
  write_file(entry + "/big", bytes);
  write_file(entry + "/empty", "");
  write_file(entry + "/sub/small", "small");
  write_file(entry + "/tail", std::string(70'000, 't'));
  std::filesystem::create_symlink("../elsewhere", entry + "/link");
  return entry;
}

// How many descriptors this process has open.
inline auto open_files() {
  namespace fs = std::filesystem;
  return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

// Runs a command line; true if it exits with 0.
inline bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_TAR_SOURCE_TOOLS_H
