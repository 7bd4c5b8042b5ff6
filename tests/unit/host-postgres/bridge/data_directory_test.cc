// Which cluster a data directory is, and what its server was told.
#include "bridge/data_directory.h"

#include <gtest/gtest.h>

#include <cstring>

#include "temp_dir.h"

namespace tidemark::postgres {
namespace {

void put_control(const test::TempDir& dir, uint64_t identifier, uint32_t version, uint32_t segment_bytes) {
  std::filesystem::create_directories(dir / "global");
  std::string content(8192, '\0');
  std::memcpy(content.data(), &identifier, sizeof(identifier));
  std::memcpy(content.data() + 8, &version, sizeof(version));
  std::memcpy(content.data() + 228, &segment_bytes, sizeof(segment_bytes));
  std::ofstream(dir / "global/pg_control", std::ios::binary) << content;
}

TEST(DataDirectory, Cluster) {
  const test::TempDir dir;
  EXPECT_FALSE(is_data_directory(dir.path().string()));
  EXPECT_FALSE(read_cluster(dir.path().string()));
  put_control(dir, 7412345678901234567U, 1300, 64 << 20);
  EXPECT_TRUE(is_data_directory(dir.path().string()));
  const auto cluster = read_cluster(dir.path().string());
  ASSERT_TRUE(cluster);
  EXPECT_EQ(*cluster, (Cluster{7412345678901234567U, 64 << 20}));
  put_control(dir, 1, 1800, 64 << 20);
  EXPECT_NE(read_cluster(dir.path().string()).error().message.find("--cluster"), std::string::npos);
  put_control(dir, 1, 1300, 5);
  EXPECT_FALSE(read_cluster(dir.path().string()));
  std::ofstream(dir / "global/pg_control") << "short";
  EXPECT_FALSE(read_cluster(dir.path().string()));
}

TEST(DataDirectory, Standby) {
  const test::TempDir dir;
  EXPECT_FALSE(is_standby(dir.path().string()));
  std::ofstream(dir / "standby.signal");
  EXPECT_TRUE(is_standby(dir.path().string()));
}

TEST(DataDirectory, LinesOfAConfiguration) {
  const auto lines = parse_conf(
      "# comment\n\nTidemark.Sink = 'file:///it''s' # why\narchive_mode on\nempty =\nx='a\\'b'\r\n y=1#c");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].name, "tidemark.sink");
  EXPECT_EQ(lines[0].value, "file:///it's");
  EXPECT_EQ(lines[1].value, "on");
  EXPECT_EQ(lines[2].value, "a'b");
  EXPECT_EQ(lines[3].name, "y");
  EXPECT_EQ(lines[3].value, "1");
}

TEST(DataDirectory, SettingsWhereverTheyStand) {
  const test::TempDir dir;
  const std::string data = dir.path().string();
  EXPECT_TRUE(read_server_settings(data).value().empty());
  std::filesystem::create_directories(dir / "etc/conf.d");
  std::ofstream(dir / "postgresql.conf") << "tidemark.sink = 'of the data directory'\n";
  EXPECT_EQ(read_server_settings(data).value()["tidemark.sink"], "of the data directory");
  std::ofstream(dir / "postmaster.opts")
      << "/usr/bin/postgres \"-D\" \"/x\" \"-c\" \"config_file=" << (dir / "etc/main.conf") << "\"\n";
  std::ofstream(dir / "etc/main.conf")
      << "tidemark.sink = 'one'\ninclude_dir 'conf.d'\ninclude_if_exists = 'none.conf'\nport = 5\n";
  std::ofstream(dir / "etc/conf.d/2.conf") << "tidemark.sink = 'three'\n";
  std::ofstream(dir / "etc/conf.d/1.conf") << "tidemark.sink = 'two'\narchive_mode = always\n";
  auto settings = read_server_settings(data).value();
  EXPECT_EQ(settings["tidemark.sink"], "three");
  EXPECT_EQ(settings["archive_mode"], "always");
  EXPECT_EQ(settings.count("port"), 0U);
  std::ofstream(dir / "postgresql.auto.conf") << "tidemark.sink = 'last'\n";
  EXPECT_EQ(read_server_settings(data).value()["tidemark.sink"], "last");
  std::ofstream(dir / "etc/conf.d/3.conf") << "include 'none.conf'\n";
  EXPECT_NE(read_server_settings(data).error().message.find("none.conf"), std::string::npos);
  std::ofstream(dir / "etc/conf.d/3.conf") << "include '3.conf'\n";
  EXPECT_NE(read_server_settings(data).error().message.find("without end"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::postgres
