// The whole bridge as the module uses it, with the real archiver and sink and a pg_wal of the test's own.
#include "bridge/bridge.h"

#include <gtest/gtest.h>
#include <tidemark/base.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

std::atomic<int> wakes{0};
void wake() { ++wakes; }

class BridgeTest : public ::testing::Test {
 protected:
  BridgeTest() {
    std::filesystem::create_directories(archive_ / "one");
    plugin_ = std::string(TIDEMARK_TEST_MODULES) + "/tidemark.so";
    data_ = wal_.data().string();
    sink_ = "file://" + (archive_ / "one");
    settings_.plugin = plugin_.c_str();
    settings_.sink = sink_.c_str();
    settings_.compress = "none";
    settings_.log_level = "info";
    settings_.workers = settings_.inflight = 2;
    settings_.ahead = 64;
    settings_.batch_entries = 1;
    settings_.timeout_ms = 20'000;
    settings_.memory_bytes = 64 << 20;
  }
  ~BridgeTest() override { tmpg_close(bridge_); }

  void open() {
    const tmpg_server server{data_.c_str(), kCluster.system_identifier, kCluster.segment_bytes, kMagic15,
                             &wake};
    char message[TMPG_MESSAGE_MAX];
    bridge_ = tmpg_open(&server, &settings_, message);
    ASSERT_NE(bridge_, nullptr) << message;
  }
  int archive(const std::string& name) {
    tmpg_offer(bridge_, name.c_str());
    for (;;) {
      uint32_t wait_ms = 0;
      char message[TMPG_MESSAGE_MAX];
      const int before = wakes;
      const int verdict = tmpg_verdict(bridge_, &wait_ms, message);
      said_ = message;
      if (verdict != TMPG_WAIT) return verdict;
      for (uint32_t waited = 0; waited < wait_ms && wakes == before; ++waited)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  // All that threads have said.
  std::string messages() {
    std::string all;
    int level = 0;
    char text[TMPG_MESSAGE_MAX];
    while (tmpg_take_message(bridge_, &level, text) != 0) all += std::string(text) + "\n";
    return all;
  }
  // Until it is said; all that was said, what is known already included.
  std::string wait_for_message(const std::string& text, std::string all = {}) {
    while (all.find(text) == std::string::npos) {
      all += messages();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return all;
  }
  std::string change_sink(const char* name) {
    std::filesystem::create_directories(archive_ / name);
    sink_ = std::string("file://") + (archive_ / name);
    settings_.sink = sink_.c_str();
    tmpg_configure(bridge_, &settings_);
    return wait_for_message("new sink is at work");
  }
  void archive_segment(uint64_t segment) {
    ready(segment);
    EXPECT_EQ(archive(segment_name(1, segment, kCluster)), TMPG_ARCHIVED) << said_;
    wal_.done(segment_name(1, segment, kCluster));
  }
  void partial(const std::string& name, char fill) {
    wal_.segment(5, fill);
    std::filesystem::rename(wal_.wal() + "/" + segment_name(1, 5, kCluster), wal_.wal() + "/" + name);
  }
  std::string archived_as(const std::string& storage, uint64_t partition) const {
    return archive_ / ("one/" + storage + "/" + std::to_string(partition) + "/0000000000001.tar");
  }
  void ready(uint64_t segment, char fill = 'x') {
    wal_.segment(segment, fill);
    wal_.ready(segment_name(1, segment, kCluster));
  }
  size_t archives(const char* where) {
    size_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(archive_ / where))
      count += file.path().extension() == ".tar" ? 1 : 0;
    return count;
  }

  PgWal wal_;
  test::TempDir archive_;
  std::string plugin_, data_, sink_, said_;
  tmpg_settings settings_{};
  tmpg_bridge* bridge_ = nullptr;
};

TEST_F(BridgeTest, WhatIsReadyGoesWithTheFirst) {
  for (uint64_t i = 13; i < 23; ++i) ready(i);
  open();
  for (uint64_t i = 13; i < 23; ++i) {
    EXPECT_EQ(archive(segment_name(1, i, kCluster)), TMPG_ARCHIVED) << said_;
    wal_.done(segment_name(1, i, kCluster));
  }
  EXPECT_EQ(archives("one"), 10U);
  wal_.write("00000002.history", "1\t0/3000000\tx\n");
  EXPECT_EQ(archive("00000002.history"), TMPG_ARCHIVED) << said_;
  wal_.write("00000001000000000000000D.00000028.backup", "START WAL LOCATION");
  EXPECT_EQ(archive("00000001000000000000000D.00000028.backup"), TMPG_ARCHIVED) << said_;
  EXPECT_EQ(archives("one"), 12U);
}

TEST_F(BridgeTest, RefusesWhatIsNotThisClusters) {
  wal_.segment(5);
  std::filesystem::rename(wal_.wal() + "/" + segment_name(1, 5, kCluster),
                          wal_.wal() + "/" + segment_name(1, 6, kCluster));
  open();
  EXPECT_EQ(archive(segment_name(1, 6, kCluster)), TMPG_FAILED);
  EXPECT_NE(said_.find("of another segment"), std::string::npos) << said_;
  EXPECT_EQ(archive("passwd"), TMPG_FAILED);
  EXPECT_NE(said_.find("\"passwd\""), std::string::npos) << said_;
}

TEST_F(BridgeTest, OtherContentIsAConflictThatNamesTheFile) {
  ready(5);
  open();
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_ARCHIVED) << said_;
  tmpg_close(bridge_);
  ready(5, 'y');
  open();
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_FAILED);
  EXPECT_EQ(said_.find("two servers write timeline 1: 000000010000000000000005 differs"), 0U) << said_;
  const std::string first = said_;
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_FAILED);
  EXPECT_EQ(said_, "");  // once a minute
}

TEST_F(BridgeTest, ANewSinkWhileItRunsAndOneThatCannotBeOpened) {
  ready(5);
  open();
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_ARCHIVED) << said_;
  wal_.done(segment_name(1, 5, kCluster));
  const std::string no_such = "nowhere:///x", two = "file://" + (archive_ / "two");
  settings_.sink = no_such.c_str();
  tmpg_configure(bridge_, &settings_);
  std::string all;
  while (all.find("stays at work") == std::string::npos) {
    all += messages();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_NE(all.find("nowhere"), std::string::npos) << all;
  ready(6);
  EXPECT_EQ(archive(segment_name(1, 6, kCluster)), TMPG_ARCHIVED) << said_;
  wal_.done(segment_name(1, 6, kCluster));
  EXPECT_EQ(archives("one"), 2U);
  std::filesystem::create_directories(archive_ / "two");
  settings_.sink = two.c_str();
  tmpg_configure(bridge_, &settings_);
  while (all.find("new sink is at work") == std::string::npos) {
    all += messages();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ready(7);
  EXPECT_EQ(archive(segment_name(1, 7, kCluster)), TMPG_ARCHIVED) << said_;
  EXPECT_EQ(archives("two"), 1U);
  EXPECT_EQ(archives("one"), 2U);
}

// The archiver continues where it is, so only this says what the first one lacks.
TEST_F(BridgeTest, ASwitchBackNamesWhatTheEarlierSinkLacks) {
  open();
  archive_segment(5);
  EXPECT_EQ(change_sink("two").find("lacks"), std::string::npos);
  archive_segment(6);
  archive_segment(7);
  const std::string all = wait_for_message("lacks", change_sink("one"));
  const std::string one = "file://" + (archive_ / "one"), two = "file://" + (archive_ / "two");
  EXPECT_NE(all.find("the sink " + one + " lacks 000000010000000000000006 to 000000010000000000000007"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("tidemark copy " + two + " " + one), std::string::npos) << all;
  archive_segment(8);
  EXPECT_EQ(archives("one"), 2U);
  EXPECT_EQ(archives("two"), 2U);
}

TEST_F(BridgeTest, ASwitchBackToASinkThatHasAllIsQuiet) {
  open();
  archive_segment(5);
  change_sink("two");
  archive_segment(6);
  std::filesystem::copy(
      archive_ / "two", archive_ / "one",
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::skip_existing);
  std::string all = change_sink("one");
  archive_segment(7);
  all = wait_for_message("lacks 000000010000000000000007", all + change_sink("two"));
  EXPECT_EQ(all.find("lacks 000000010000000000000006"), std::string::npos) << all;
}

// PostgreSQL offers it once, when the timeline begins; if archiving is off then, never.
TEST_F(BridgeTest, HistoriesOfItsOwnTimelineAreArchivedUnasked) {
  wal_.write("00000002.history", "1\t0/3000000\tx\n");
  wal_.write("00000003.history", "1\t0/3000000\tx\n2\t0/5000000\ty\n");
  wal_.write("00000004.history", "1\t0/2000000\tof another server\n");
  wal_.done("00000002.history");
  wal_.segment(6, 'x', 3);
  wal_.ready(segment_name(3, 6, kCluster));
  open();
  EXPECT_EQ(archive(segment_name(3, 6, kCluster)), TMPG_ARCHIVED) << said_;
  const std::string storage = history_storage(kCluster.system_identifier);
  while (!std::filesystem::exists(archived_as(storage, 2)) ||
         !std::filesystem::exists(archived_as(storage, 3)))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(archive("00000003.history"), TMPG_ARCHIVED) << said_;
  EXPECT_FALSE(std::filesystem::exists(archived_as(storage, 4)));
}

// Two standbys that were promoted have left timeline 1 in the same segment.
TEST_F(BridgeTest, APartialSegmentThatDiffersIsKeptBesideTheFirst) {
  const std::string name = "000000010000000000000005.partial";
  wal_.segment(5, 'x', 2);
  partial(name, 'a');
  open();
  EXPECT_EQ(archive(name), TMPG_ARCHIVED) << said_;
  tmpg_close(bridge_);
  wal_.segment(5, 'y', 3);
  partial(name, 'b');
  open();
  EXPECT_EQ(archive(name), TMPG_ARCHIVED) << said_;
  const std::string all = messages();
  EXPECT_NE(all.find("tidemark-postgres get " + name + ".to.3 PATH"), std::string::npos) << all;
  const std::string storage = std::to_string(kCluster.system_identifier) + ".partial.1";
  EXPECT_TRUE(std::filesystem::exists(archived_as(storage, 5)));
  EXPECT_TRUE(std::filesystem::exists(archived_as(storage + ".to.3", 5)));
  wal_.done(name);
  wal_.segment(6, 'y', 3);
  wal_.ready(segment_name(3, 6, kCluster));
  EXPECT_EQ(archive(segment_name(3, 6, kCluster)), TMPG_ARCHIVED) << said_;
  tmpg_close(bridge_);
  wal_.ready(name);  // offered again after a crash
  open();
  EXPECT_EQ(archive(name), TMPG_ARCHIVED) << said_;
}

TEST_F(BridgeTest, SettingsThatTheServerPassesOverAreTold) {
  std::ofstream(wal_.data() / "postgresql.conf") << "tidemark.workers = 999\ntidemark.ahead = 64\n";
  open();
  tmpg_check_settings(bridge_);
  EXPECT_NE(messages().find(
                "tidemark.workers = \"999\": must be from 1 to 256 (what was set before stays at work)"),
            std::string::npos);
}

TEST_F(BridgeTest, SettingsOfItsOwnAreNamed) {
  settings_.metrics_file = "/no/such/directory/metrics";
  settings_.batch_entries = 16;
  open();
  const std::string all = wait_for_message(
      "tidemark.lineage = off", wait_for_message("tidemark.metrics_file = \"/no/such/directory/metrics\": "));
  EXPECT_NE(all.find("set tidemark.batch_entries = 1"), std::string::npos) << all;
  archive_segment(5);
  settings_.sink_options_file = "/no/such/options";
  tmpg_configure(bridge_, &settings_);
  EXPECT_NE(wait_for_message("stays at work").find("tidemark.sink_options_file = \"/no/such/options\": "),
            std::string::npos);
  settings_.sink_options_file = nullptr;
  settings_.sink = "file:///no/such/sink";
  tmpg_configure(bridge_, &settings_);
  EXPECT_NE(wait_for_message("stays at work").find("tidemark.sink = \"file:///no/such/sink\": "),
            std::string::npos);
  settings_.sink = sink_.c_str();
  settings_.plugin = "/no/such/tidemark.so";
  tmpg_configure(bridge_, &settings_);
  EXPECT_NE(wait_for_message("stays at work").find("tidemark.plugin = \"/no/such/tidemark.so\": "),
            std::string::npos);
  archive_segment(6);
}

TEST_F(BridgeTest, ThatThereIsNoLineageFileIsMeantSo) {
  settings_.compress = "zstd";
  open();
  archive_segment(5);
  EXPECT_EQ(messages().find("lineage"), std::string::npos);
}

TEST_F(BridgeTest, SpoolsOfRecoveriesThatAreOverAreRemoved) {
  const std::string spool = (wal_.data() / "tidemark.spool-77").string();
  std::filesystem::create_directories(spool);
  std::ofstream(spool + "/" + segment_name(1, 5, kCluster)) << "x";
  std::ofstream(wal_.data() / "standby.signal");
  open();
  archive_segment(5);
  EXPECT_TRUE(std::filesystem::exists(spool));
  tmpg_close(bridge_);
  std::filesystem::remove(wal_.data() / "standby.signal");
  open();
  while (std::filesystem::exists(spool)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(std::filesystem::exists(wal_.wal()));
}

TEST_F(BridgeTest, OtherWorkersAreAnotherArchiver) {
  const std::string metrics = archive_ / "metrics";
  settings_.metrics_file = metrics.c_str();
  ready(5);
  open();
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_ARCHIVED) << said_;
  wal_.done(segment_name(1, 5, kCluster));
  settings_.workers = 3;
  tmpg_configure(bridge_, &settings_);
  ready(6);
  EXPECT_EQ(archive(segment_name(1, 6, kCluster)), TMPG_ARCHIVED) << said_;
  EXPECT_EQ(archives("one"), 2U);
  std::ifstream file(metrics);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string data = wal_.data();
  const std::string engine = data.substr(data.size() - std::min<size_t>(data.size(), 64));
  EXPECT_NE(text.find("engine=\"" + engine + "\""), std::string::npos)
      << "clusters on one machine are told apart";
}

TEST_F(BridgeTest, WithoutASinkItSaysWhyAndRecovers) {
  ready(5);
  settings_.sink = "nowhere:///x";
  open();
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_FAILED);
  EXPECT_NE(said_.find("nowhere"), std::string::npos) << said_;
  settings_.sink = sink_.c_str();
  tmpg_configure(bridge_, &settings_);
  int verdict = TMPG_FAILED;
  for (int tries = 0; tries < 100 && verdict != TMPG_ARCHIVED; ++tries) {
    verdict = archive(segment_name(1, 5, kCluster));
  }
  EXPECT_EQ(verdict, TMPG_ARCHIVED) << said_;
}

// Mistyped, or not mounted.
TEST_F(BridgeTest, ADirectoryThatIsNotThereIsNotMade) {
  ready(5);
  const std::string nowhere = archive_ / "nowhere";
  sink_ = "file://" + nowhere;
  settings_.sink = sink_.c_str();
  open();
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_FAILED);
  EXPECT_NE(said_.find(nowhere + " is not there"), std::string::npos) << said_;
  EXPECT_FALSE(std::filesystem::exists(nowhere));
}

TEST_F(BridgeTest, ALateOneBelowIsNoGap) {
  for (uint64_t i = 5; i < 8; ++i) ready(i);
  open();
  for (uint64_t i = 5; i < 8; ++i) {
    EXPECT_EQ(archive(segment_name(1, i, kCluster)), TMPG_ARCHIVED) << said_;
    wal_.done(segment_name(1, i, kCluster));
  }
  ready(9);  // 8 is there and gets its .ready later
  wal_.segment(8);
  EXPECT_EQ(archive(segment_name(1, 9, kCluster)), TMPG_ARCHIVED) << said_;
  wal_.ready(segment_name(1, 8, kCluster));
  EXPECT_EQ(archive(segment_name(1, 8, kCluster)), TMPG_ARCHIVED) << said_;
  EXPECT_EQ(archives("one"), 5U);
  EXPECT_EQ(messages().find("gap"), std::string::npos);
}

// What another tool had archived is to be archived here too.
TEST_F(BridgeTest, SegmentsBelowTheFirstOnesAreArchivedAndNotBelieved) {
  for (uint64_t i = 5; i < 8; ++i) {
    ready(i);
    wal_.done(segment_name(1, i, kCluster));
  }
  ready(8);
  open();
  EXPECT_EQ(archive(segment_name(1, 8, kCluster)), TMPG_ARCHIVED) << said_;
  wal_.done(segment_name(1, 8, kCluster));
  EXPECT_EQ(archives("one"), 1U);
  for (uint64_t i = 5; i < 8; ++i) wal_.ready(segment_name(1, i, kCluster));
  for (uint64_t i = 5; i < 8; ++i) {
    int verdict = TMPG_FAILED;
    for (int tries = 0; tries < 20 && verdict != TMPG_ARCHIVED; ++tries)
      verdict = archive(segment_name(1, i, kCluster));
    EXPECT_EQ(verdict, TMPG_ARCHIVED) << said_;
    wal_.done(segment_name(1, i, kCluster));
  }
  EXPECT_EQ(archives("one"), 4U);
}

TEST_F(BridgeTest, ASegmentThatComesBackFillsItsGap) {
  ready(5);
  open();
  EXPECT_EQ(archive(segment_name(1, 5, kCluster)), TMPG_ARCHIVED) << said_;
  wal_.done(segment_name(1, 5, kCluster));
  ready(7);
  EXPECT_EQ(archive(segment_name(1, 7, kCluster)), TMPG_ARCHIVED) << said_;
  wal_.done(segment_name(1, 7, kCluster));
  EXPECT_NE(messages().find("000000010000000000000006 can no longer be archived"), std::string::npos);
  ready(6);
  EXPECT_EQ(archive(segment_name(1, 6, kCluster)), TMPG_ARCHIVED) << said_;
  EXPECT_EQ(archives("one"), 3U);
}

}  // namespace
}  // namespace tidemark::postgres
