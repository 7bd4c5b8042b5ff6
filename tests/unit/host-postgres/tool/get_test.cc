// One try of get on real archives: whatever is not certainly the end of the log is not told as that.
#include "tool/get.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "bridge/bridge.h"
#include "format/lsn.h"
#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

class GetTest : public ::testing::Test {
 protected:
  GetTest() : plugin_(std::string(TIDEMARK_TEST_MODULES) + "/tidemark.so") {
    std::filesystem::create_directories(dir_ / "out");
  }

  void archive(uint64_t first, uint64_t last) {
    for (uint64_t i = first; i <= last; ++i) {
      wal_.segment(i);
      wal_.ready(segment_name(1, i, kCluster));
    }
    const std::string data = wal_.data().string(), sink = "file://" + dir_.path().string();
    const tmpg_server server{data.c_str(), kCluster.system_identifier, kCluster.segment_bytes, kMagic15,
                             [] {}};
    tmpg_settings settings{};
    settings.plugin = plugin_.c_str();
    settings.sink = sink.c_str();
    settings.compress = "none";
    settings.log_level = "off";
    settings.workers = settings.inflight = settings.batch_entries = 1;
    settings.ahead = 64;
    settings.timeout_ms = 20'000;
    settings.memory_bytes = 64 << 20;
    char message[TMPG_MESSAGE_MAX];
    tmpg_bridge* bridge = tmpg_open(&server, &settings, message);
    ASSERT_NE(bridge, nullptr) << message;
    tmpg_offer(bridge, segment_name(1, last, kCluster).c_str());
    uint32_t wait_ms = 0;
    int verdict = TMPG_WAIT;
    while ((verdict = tmpg_verdict(bridge, &wait_ms, message)) == TMPG_WAIT)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(verdict, TMPG_ARCHIVED) << message;
    tmpg_close(bridge);
  }
  std::string object(uint64_t segment) const {
    return dir_ / (segment_storage(kCluster) + "/1/" + lsn_text(segment) + ".tar");
  }
  GetWish wish(const std::string& file) const {
    GetWish made;
    made.access.sink = "file://" + dir_.path().string();
    made.access.plugin = plugin_;
    made.cluster = kCluster;
    made.file = file;
    made.path = dir_ / "out/RECOVERYXLOG";
    made.retry_for_ms = 0;
    return made;
  }
  Outcome get(uint64_t segment) const { return get_once(wish(segment_name(1, segment, kCluster))); }

  const std::string plugin_;
  PgWal wal_;
  test::TempDir dir_;
};

TEST_F(GetTest, BringsWhatIsThere) {
  archive(5, 8);
  const Outcome got = get(6);
  EXPECT_EQ(got.code, kExitThere) << got.message;
  EXPECT_EQ(std::filesystem::file_size(dir_ / "out/RECOVERYXLOG"), kCluster.segment_bytes);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_ / "out"), {}), 1);
  EXPECT_EQ(get(4).code, kExitHole) << "before the origin";
  std::ofstream(dir_ / ("out/" + segment_name(1, 4, kCluster)));
  EXPECT_EQ(get(4).code, kExitEnd) << "the server has it";
  std::filesystem::remove(dir_ / ("out/" + segment_name(1, 4, kCluster)));
  EXPECT_EQ(get(9).code, kExitEnd);
  EXPECT_EQ(get_once(wish("00000002.history")).code, kExitEnd);
  EXPECT_EQ(get_once(wish("000000020000000000000006")).code, kExitEnd);
}

TEST_F(GetTest, AHoleIsNotTheEnd) {
  archive(5, 8);
  std::filesystem::remove(object(6));
  EXPECT_EQ(get(6).code, kExitHole);
  EXPECT_TRUE(get(6).may_change);
  EXPECT_NE(get(6).message.find(segment_name(1, 7, kCluster) + " is there"), std::string::npos);
  GetWish end = wish(segment_name(1, 6, kCluster));
  end.hole_is_end = true;
  EXPECT_EQ(get_once(end).code, kExitEnd);
  std::filesystem::remove(object(7));
  std::filesystem::remove(object(8));
  EXPECT_EQ(get(6).code, kExitEnd);
}

TEST_F(GetTest, EachDamageIsToldAndLeavesNothing) {
  archive(5, 8);
  const auto size = std::filesystem::file_size(object(6));
  for (const uint64_t at : {uint64_t{0}, uint64_t{600}, size / 2, size - 600, size - 100}) {
    std::fstream file(object(6), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char before = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(before ^ 1)).flush();
    EXPECT_EQ(get(6).code, kExitDamaged) << at;
    EXPECT_TRUE(std::filesystem::is_empty(dir_ / "out")) << at;
    file.seekp(static_cast<std::streamoff>(at));
    file.put(before).flush();
  }
  EXPECT_EQ(get(6).code, kExitThere);
  std::filesystem::resize_file(object(7), size / 2);
  EXPECT_EQ(get(7).code, kExitDamaged);
  std::filesystem::resize_file(object(7), 0);
  EXPECT_EQ(get(7).code, kExitDamaged);
}

TEST_F(GetTest, AnotherSegmentUnderTheNameIsDamage) {
  archive(5, 6);
  std::filesystem::copy_file(object(5), object(6), std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(get(6).code, kExitDamaged);
}

TEST_F(GetTest, TheWrongPlaceIsNotTheEnd) {
  EXPECT_EQ(get(5).code, kExitUnreachable) << "nothing is there: it may not be mounted";
  EXPECT_TRUE(get(5).may_change);
  EXPECT_EQ(get_once(wish("00000002.history")).code, kExitUnreachable);
  EXPECT_EQ(get_once(wish("00000001.history")).code, kExitEnd) << "there is never one";
  archive(5, 6);
  GetWish other = wish(segment_name(1, 5, kCluster));
  other.cluster.system_identifier = 77;
  EXPECT_EQ(get_once(other).code, kExitUsage);
  other.cluster = {kCluster.system_identifier, 16 << 20};
  EXPECT_EQ(get_once(other).code, kExitUsage);
  GetWish away = wish(segment_name(1, 5, kCluster));
  away.access.sink += "/none";
  EXPECT_EQ(get_once(away).code, kExitUnreachable);
  away.access.sink = "nowhere:///x";
  EXPECT_NE(get_once(away).code, kExitEnd);
  away.access.plugin = "/no/such/plugin.so";
  EXPECT_EQ(get_once(away).code, kExitUsage);
  EXPECT_EQ(get_once(wish("passwd")).code, kExitUsage);
}

TEST_F(GetTest, WhatIsLostAsAWholeIsNotTheEnd) {
  archive(5, 6);
  // Another timeline's segments without its history.
  std::filesystem::create_directories(dir_ / (segment_storage(kCluster) + "/2"));
  std::filesystem::copy_file(object(5), dir_ / (segment_storage(kCluster) + "/2/" + lsn_text(6) + ".tar"));
  EXPECT_EQ(get_once(wish("00000002.history")).code, kExitHole);
  EXPECT_EQ(get_once(wish("00000003.history")).code, kExitEnd);
  // Base backups without any segment of their timeline.
  std::filesystem::remove_all(dir_ / (segment_storage(kCluster) + "/1"));
  EXPECT_EQ(get(5).code, kExitEnd);
  const std::string labels = std::to_string(kCluster.system_identifier) + ".backup.1/5";
  std::filesystem::create_directories(dir_ / labels);
  std::ofstream(dir_ / (labels + "/" + lsn_text(1) + ".tar"));
  EXPECT_EQ(get(5).code, kExitHole);
}

// A server that looks for the newest timeline stops at the first number that is missing.
TEST_F(GetTest, AHistoryBelowAnotherIsNotTheEnd) {
  archive(5, 6);
  const std::string third = history_storage(kCluster.system_identifier) + "/3";
  std::filesystem::create_directories(dir_ / third);
  std::ofstream(dir_ / (third + "/" + lsn_text(1) + ".tar"));
  EXPECT_EQ(get_once(wish("00000002.history")).code, kExitHole);
  EXPECT_NE(get_once(wish("00000002.history")).message.find("00000003.history is"), std::string::npos);
  EXPECT_EQ(get_once(wish("00000004.history")).code, kExitEnd);
  GetWish end = wish("00000002.history");
  end.hole_is_end = true;
  EXPECT_EQ(get_once(end).code, kExitEnd);
}

// Then its signal file is gone, and a server that is stopped would start without the recovery.
TEST_F(GetTest, AServerThatEndsARecoveryIsNotStopped) {
  GetWish history = wish("00000002.history");
  EXPECT_GT(run_get(history), 200);
  history.is_ending = true;
  EXPECT_EQ(run_get(history), kExitEnd);
  history.is_ending = false;
  std::ofstream(dir_ / "out/00000002.history");
  EXPECT_EQ(run_get(history), kExitEnd) << "it has its own";
}

TEST_F(GetTest, WhereItCannotBeWritten) {
  archive(5, 6);
  GetWish away = wish(segment_name(1, 5, kCluster));
  away.path = dir_ / "none/RECOVERYXLOG";
  EXPECT_EQ(get_once(away).code, kExitUnreachable);
}

TEST_F(GetTest, AStandbyIsToldToWait) {
  archive(5, 8);
  std::filesystem::remove(object(6));
  std::filesystem::resize_file(object(7), 600);
  for (const uint64_t segment : {6, 7}) {
    GetWish one = wish(segment_name(1, segment, kCluster));
    EXPECT_GT(run_get(one), 200);
    one.is_standby = true;
    EXPECT_EQ(run_get(one), kExitEnd);
  }
}

}  // namespace
}  // namespace tidemark::postgres
