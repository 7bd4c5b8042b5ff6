// Each call to the kernel fails once while an entry is archived: there is an error that says so, or the right
// bytes.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "kernel_faults.h"
#include "tar/entry_source.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

namespace fs = std::filesystem;
using test::open_files;
using test::open_one;
using test::read_all;
using test::TempDir;
using test::with_each_call_failing;
using test::write_file;

std::string make_entry(const TempDir& dir, int files) {
  const std::string entry = dir / "entry";
  fs::create_directories(entry + "/a/b/c");
  for (int i = 0; i < files; ++i) write_file(entry + "/a/file" + std::to_string(i), std::to_string(i));
  write_file(entry + "/a/b/large", std::string(200'000, 'x'));
  write_file(entry + "/a/b/c/empty", "");
  fs::create_symlink("nowhere", entry + "/link");
  return entry;
}

// Held in memory, streamed, and in pieces.
class EntrySourceFaults : public testing::TestWithParam<SourceLimits> {};

INSTANTIATE_TEST_SUITE_P(Sources, EntrySourceFaults,
                         testing::Values(SourceLimits{4 << 20, 1 << 20},
                                         SourceLimits{test::kTinyBuffer, 4 << 20},
                                         SourceLimits{test::kTinyBuffer, kLayoutBytesMin}));

Result<std::string> archive(EntrySource& source, const std::string& entry) {
  TM_TRY(open_one(source, entry));
  auto bytes = read_all(source);
  if (bytes) TM_TRY(source.object_digest());
  return bytes;
}

TEST_P(EntrySourceFaults, AreErrorsOrChangeNothing) {
  TempDir dir;
  const std::string entry = make_entry(dir, GetParam().layout_bytes == kLayoutBytesMin ? 400 : 30);
  EntrySource sound(GetParam());
  const auto right = archive(sound, entry);
  ASSERT_TRUE(right) << right.error().message;
  const auto files = open_files();
  int errors = 0;
  with_each_call_failing(EIO, [&](const std::string& which) {
    EntrySource source(GetParam());
    const auto bytes = archive(source, entry);
    test::end_faults();
    if (bytes) {
      EXPECT_TRUE(*bytes == *right) << which;
    } else {
      ++errors;
      EXPECT_EQ(bytes.error().status, TIDEMARK_E_RETRYABLE) << which << ": " << bytes.error().message;
      EXPECT_NE(bytes.error().message.find(std::strerror(EIO)), std::string::npos) << bytes.error().message;
      ASSERT_TRUE(source.failure()) << which;
      EXPECT_EQ(source.failure()->message, bytes.error().message);
    }
    // It is used again as if nothing had been.
    const auto again = archive(source, entry);
    ASSERT_TRUE(again) << which << ": " << again.error().message;
    EXPECT_TRUE(*again == *right) << which;
    source.close();
    EXPECT_EQ(open_files(), files) << which;
  });
  EXPECT_GT(errors, 20);
}

}  // namespace
}  // namespace tidemark::tar
