// What an archiver's title says, and which server runs.
#include "tool/server_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "temp_dir.h"

namespace tidemark::postgres {
namespace {

TEST(ServerProcess, Titles) {
  using enum ArchiverState;
  EXPECT_EQ(parse_archiver_title("postgres: archiver "), (ArchiverTitle{kIdle, ""}));
  EXPECT_EQ(parse_archiver_title("postgres: archiver archiving 000000010000000000000005"),
            (ArchiverTitle{kArchiving, "000000010000000000000005"}));
  EXPECT_EQ(parse_archiver_title("postgres: 15/main: archiver failed on 00000002.history"),
            (ArchiverTitle{kFailed, "00000002.history"}));
  EXPECT_EQ(parse_archiver_title("postgres: archiver last was 000000010000000000000005  "),
            (ArchiverTitle{kDone, "000000010000000000000005"}));
  for (const char* other : {"", "postgres", "postgres: checkpointer ", "postgres: main: walwriter ",
                            "bash archiver", "postgres: archivers", "postgres: dba archive [local] idle"})
    EXPECT_EQ(parse_archiver_title(other).state, kNone) << other;
}

TEST(ServerProcess, Server) {
  const test::TempDir dir;
  EXPECT_FALSE(server_of(dir.path().string()));
  std::ofstream(dir / "postmaster.pid") << ::getpid() << "\n/data\n";
  EXPECT_EQ(server_of(dir.path().string()), ::getpid());
  std::ofstream(dir / "postmaster.pid") << "-5\n";
  EXPECT_FALSE(server_of(dir.path().string()));
  std::ofstream(dir / "postmaster.pid") << "2147483646\n";  // more than any system has
  EXPECT_FALSE(server_of(dir.path().string()));
  EXPECT_EQ(archiver_of(::getpid()).state, ArchiverState::kNone);
}

}  // namespace
}  // namespace tidemark::postgres
